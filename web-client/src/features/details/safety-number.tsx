// Sixty digits in twelve groups of five, as people read them to each other.
import { t } from '../../i18n/text.ts';
import styles from './details.module.css';

export function SafetyNumber({ number }: { number: string }) {
  const groups = number.match(/\d{5}/g) ?? [];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would say more than is meant
    <p role="group" aria-label={t('details.number')} className={styles.digits} dir="ltr">
      {groups.map((group, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a group is its place, and two may be the same
        <span key={at}>{group} </span>
      ))}
    </p>
  );
}
