// A labelled text field with its hint and its error.
import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from 'react';
import styles from './field.module.css';

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'className' | 'id'> {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  after?: ReactNode;
  ref?: Ref<HTMLInputElement>;
}

export function Field({ label, hint, error, after, ...rest }: FieldProps) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <span className={styles.box} data-wrong={!!error}>
        <input id={id} aria-invalid={!!error} aria-describedby={note ? `${id}-note` : undefined} {...rest} />
        {after}
      </span>
      {note && (
        <p id={`${id}-note`} className={styles.note} data-wrong={!!error} role={error ? 'alert' : undefined}>
          {note}
        </p>
      )}
    </div>
  );
}
