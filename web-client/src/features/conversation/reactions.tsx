// The reactions below a message; a press adds or takes back one's own.
import { useClient } from '../../client.tsx';
import type { Conversation } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { memberOf, nameOf } from '../../names.ts';
import type { Item } from '../../sync/fold.ts';
import { isPlaced, type MessageActions } from './actions.ts';
import styles from './reactions.module.css';

interface ReactionsProps {
  item: Item;
  conversation: Conversation;
  actions: MessageActions;
}

export function Reactions({ item, conversation, actions }: ReactionsProps) {
  const { me } = useClient().engine.getSnapshot();
  return (
    <div className={styles.reactions} data-part="reactions">
      {item.reactions.map(({ emoji, people }) => {
        const who = people
          .map((id) => (id === me.id ? t('message.you') : nameOf(memberOf(conversation, id))))
          .join(', ');
        const label = t('message.reaction', { count: people.length, who });
        return (
          <button
            key={emoji}
            type="button"
            aria-pressed={people.includes(me.id)}
            title={who}
            disabled={!isPlaced(item)}
            onClick={() => actions.react(item, emoji)}
          >
            <span>{emoji}</span>
            {people.length > 1 && <span aria-hidden="true">{people.length}</span>}
            <span className="visually-hidden"> {label}</span>
          </button>
        );
      })}
    </div>
  );
}
