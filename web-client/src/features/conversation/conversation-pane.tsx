// One conversation: its head, its timeline, and the place to write.
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useClient, useEngine } from '../../client.tsx';
import type { KeyChange } from '../../crypto/trust.ts';
import type { ConversationId, MessageId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { peerOf, titleOf } from '../../names.ts';
import { wordsForError } from '../../problems.ts';
import { useStanding } from '../../standing.ts';
import type { ConversationState } from '../../sync/conversations.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Empty } from '../../ui/empty.tsx';
import type { MessageActions } from './actions.ts';
import { Composer } from './composer.tsx';
import styles from './conversation-pane.module.css';
import type { ComposerMode } from './draft.ts';
import { FailedChanges } from './failed-changes.tsx';
import { Header } from './header.tsx';
import { KeyChangeBanner } from './key-change.tsx';
import { Timeline, type View } from './timeline.tsx';

const NO_CHANGES: readonly KeyChange[] = [];

interface ConversationPaneProps {
  id: ConversationId;
  /** A message to begin at. */
  target: MessageId | null;
}

export function ConversationPane({ id, target }: ConversationPaneProps) {
  const state = useEngine((snapshot) => snapshot.states.get(id));
  const settled = useEngine(
    (snapshot) => snapshot.loaded && (snapshot.reach === 'online' || snapshot.reach === 'offline'),
  );
  if (state) return <Open state={state} target={target} />;
  return settled ? <Empty title={t('conversation.missing')} /> : null;
}

function Open({ state, target }: { state: ConversationState; target: MessageId | null }) {
  const { engine, platform } = useClient();
  const { me } = engine.getSnapshot();
  const { conversation } = state;
  const { id } = conversation;
  const peerId = peerOf(conversation, me.id)?.id;
  const blocked = useEngine((snapshot) => peerId !== undefined && snapshot.blocked.has(peerId));
  const standing = useStanding(peerId);
  const changes = standing?.changes ?? NO_CHANGES;
  const [mode, setMode] = useState<ComposerMode>(() => modeOf(state));
  const [deleting, setDeleting] = useState<MessageId | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    engine.watch(peerId ? [peerId] : []);
    return () => engine.watch([]);
  }, [engine, peerId]);

  const setBlocked = useCallback(
    (how: 'blocked' | 'allowed') => {
      if (!peerId) return;
      engine.setBlocked(peerId, how).then(
        () => setProblem(null),
        (error: unknown) => setProblem(wordsForError(error)),
      );
    },
    [engine, peerId],
  );

  const actions = useMemo<MessageActions>(
    () => ({
      reply: (item) => setMode({ is: 'reply', to: item.id }),
      edit: (item) => setMode({ is: 'edit', target: item.id }),
      react: (item, emoji) => {
        const mine = item.reactions.some((one) => one.emoji === emoji && one.people.includes(me.id));
        void engine.react(id, item.id, emoji, !mine);
      },
      copy: (item) => void platform.copy(item.content?.type === 'text' ? item.content.text : ''),
      remove: (item) => setDeleting(item.id),
      retry: (item) => void engine.retry(item.id),
      discard: (item) => void engine.discard(item.id),
    }),
    [engine, platform, id, me.id],
  );
  const { items, marks, log, unread, loadingOlder } = state;
  const view = useMemo<View>(
    () => ({ conversation, items, marks, log, unread, loadingOlder, changes }),
    [conversation, items, marks, log, unread, loadingOlder, changes],
  );

  const name = titleOf(conversation, me.id);
  return (
    <section className={styles.pane} aria-label={t('conversation.label', { name })}>
      <Header state={state} blocked={blocked} verified={standing?.verified ?? false} onBlock={setBlocked} />
      {problem && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      <FailedChanges outbox={state.outbox} />
      <Timeline state={view} actions={actions} target={target} />
      {standing?.held && peerId && <KeyChangeBanner standing={standing} user={peerId} name={name} id={id} />}
      {blocked ? (
        <div className={styles.blocked}>
          <p>{t('conversation.blocked', { name })}</p>
          <Button onClick={() => setBlocked('allowed')}>{t('conversation.unblock', { name })}</Button>
        </div>
      ) : (
        <Composer state={state} mode={mode} onMode={setMode} />
      )}
      {deleting && (
        <Dialog
          title={t('message.delete.ask')}
          action={t('message.delete.do')}
          onClose={() => setDeleting(null)}
          onAction={() => {
            void engine.retract(id, deleting);
            setDeleting(null);
          }}
        >
          {t('message.delete.text')}
        </Dialog>
      )}
    </section>
  );
}

/** A draft remembers what it was about. */
function modeOf({ draft }: ConversationState): ComposerMode {
  if (draft?.editing) return { is: 'edit', target: draft.editing };
  return draft?.reply_to ? { is: 'reply', to: draft.reply_to } : { is: 'new' };
}
