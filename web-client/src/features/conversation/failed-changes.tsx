// Says which edit, reaction or deletion the server refused, and lets one try again or give up.
import { useClient } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import { wordsFor } from '../../problems.ts';
import type { OutboxItem } from '../../sync/store.ts';
import { Button } from '../../ui/button.tsx';
import styles from './conversation-pane.module.css';

export function FailedChanges({ outbox }: { outbox: readonly OutboxItem[] }) {
  const { engine } = useClient();
  const failed = outbox.filter(({ kind, state }) => kind !== 'message' && state === 'failed');
  return failed.map(({ id, kind, problem }) => (
    <div key={id} role="alert" className={styles.change}>
      <p>
        {t(`change.failed.${kind === 'message' ? 'edit' : kind}`)} {problem && wordsFor(problem)}
      </p>
      <Button onClick={() => void engine.retry(id)}>{t('message.retry')}</Button>
      <Button onClick={() => void engine.discard(id)}>{t('message.discard')}</Button>
    </div>
  ));
}
