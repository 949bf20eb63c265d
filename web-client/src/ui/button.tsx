// Buttons: with words, or with an icon that says its name.
import type { LucideIcon } from 'lucide-react';
import type { ButtonHTMLAttributes, Ref } from 'react';
import styles from './button.module.css';

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className'>;

export function Button({
  look = 'plain',
  ...rest
}: Native & { look?: 'primary' | 'plain' | 'danger'; ref?: Ref<HTMLButtonElement> }) {
  return <button type="button" className={styles.button} data-look={look} {...rest} />;
}

interface IconButtonProps extends Native {
  icon: LucideIcon;
  label: string;
  look?: 'plain' | 'primary';
  size?: 'normal' | 'small';
  ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ icon: Icon, label, look = 'plain', size = 'normal', ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      className={styles.icon}
      data-look={look}
      data-size={size}
      aria-label={label}
      title={label}
      {...rest}
    >
      <Icon size={size === 'small' ? 17 : 20} aria-hidden="true" />
    </button>
  );
}
