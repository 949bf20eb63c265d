// What a message answers; a click leads there.
import { useClient } from '../../client.tsx';
import type { MessageId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { memberOf, nameOf } from '../../names.ts';
import { textOf } from './actions.ts';
import styles from './quote.module.css';
import type { View } from './timeline.tsx';

interface QuoteProps {
  id: MessageId;
  state: View;
  onJump: (target: MessageId) => void;
}

export function Quote({ id, state, onJump }: QuoteProps) {
  const { me } = useClient().engine.getSnapshot();
  const source = state.items.find((item) => item.id === id);
  const own = source?.sender_id === me.id;
  const name = own
    ? t('message.you')
    : nameOf(source ? memberOf(state.conversation, source.sender_id) : undefined);
  const text = source?.retracted ? t('message.retracted') : source ? textOf(source) : t('message.quote.gone');
  return (
    <button type="button" className={styles.quote} onClick={() => onJump(id)}>
      <span className="visually-hidden">{t('message.quote.jump')} </span>
      {source && (
        <span className={styles.name}>
          <bdi>{name}</bdi>{' '}
        </span>
      )}
      <span className={styles.text} dir="auto">
        {text.slice(0, 300)}
      </span>
    </button>
  );
}
