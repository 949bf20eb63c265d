// A search field with its icon, and a way to clear it.
import { Search, X } from 'lucide-react';
import type { Ref } from 'react';
import { t } from '../i18n/text.ts';
import styles from './search-box.module.css';

interface SearchBoxProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  onKeyDown?: React.KeyboardEventHandler<HTMLInputElement>;
  ref?: Ref<HTMLInputElement>;
}

export function SearchBox({ label, value, onChange, onKeyDown, ref }: SearchBoxProps) {
  return (
    <div className={styles.box}>
      <Search size={17} aria-hidden="true" />
      <input
        ref={ref}
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {value !== '' && (
        <button type="button" aria-label={t('dialog.cancel')} onClick={() => onChange('')}>
          <X size={16} aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
