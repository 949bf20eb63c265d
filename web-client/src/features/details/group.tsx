// A group: who is in it and what they may, and what one may do about that oneself.
import { EllipsisVertical, LogOut, ShieldMinus, ShieldPlus, UserMinus, UserPlus } from 'lucide-react';
import { useState } from 'react';
import { useClient } from '../../client.tsx';
import type { Conversation, Member, Role, User, UserId } from '../../gen/contract.ts';
import { t } from '../../i18n/text.ts';
import { nameOf, titleOf } from '../../names.ts';
import { PickPeople } from '../../pick-people.tsx';
import { wordsForError } from '../../problems.ts';
import { go } from '../../route.ts';
import { Avatar } from '../../ui/avatar.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Menu, type MenuItem } from '../../ui/menu.tsx';
import styles from './details.module.css';
import members from './group.module.css';

type Asking = { readonly is: 'leave' } | { readonly is: 'remove'; readonly user: User } | null;

export function Group({ conversation }: { conversation: Conversation }) {
  const { engine } = useClient();
  const { me } = engine.getSnapshot();
  const { id, my } = conversation;
  const [problem, setProblem] = useState<string | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const [adding, setAdding] = useState(false);
  const attempt = async (what: Promise<void>) => {
    setProblem(null);
    setAsking(null);
    await what.catch((error: unknown) => setProblem(wordsForError(error)));
  };
  const leave = () => attempt(engine.groups.leave(id).then(() => go({ at: 'chats' }, 'replace')));
  const name = titleOf(conversation, me.id);

  return (
    <>
      <div className={styles.person}>
        <Avatar id={id} name={name} size={80} />
        <p className={styles.name}>
          <bdi>{name}</bdi>
        </p>
        <p className={styles.soft}>{t('group.members', { count: conversation.members.length })}</p>
      </div>
      <section
        className={styles.section}
        aria-label={t('group.members', { count: conversation.members.length })}
      >
        {problem && (
          <p role="alert" className={styles.warning}>
            {problem}
          </p>
        )}
        {my.role !== 'member' && !adding && (
          <Button onClick={() => setAdding(true)}>
            <UserPlus size={16} aria-hidden="true" />
            {t('group.add')}
          </Button>
        )}
        {adding && (
          <Add
            conversation={conversation}
            onDone={(users) => {
              setAdding(false);
              if (users.length > 0) void attempt(engine.groups.add(id, users));
            }}
          />
        )}
        <ul className={members.list}>
          {conversation.members.map((member) => (
            <MemberRow
              key={member.user.id}
              member={member}
              mine={my.role}
              isMe={member.user.id === me.id}
              onRemove={() => setAsking({ is: 'remove', user: member.user })}
              onRole={(role) => void attempt(engine.groups.setRole(id, member.user.id, role))}
            />
          ))}
        </ul>
        <Button look="danger" onClick={() => setAsking({ is: 'leave' })}>
          <LogOut size={16} aria-hidden="true" />
          {t('group.leave')}
        </Button>
      </section>
      {asking?.is === 'leave' && (
        <Dialog
          title={t('group.leave.ask')}
          action={t('group.leave')}
          onClose={() => setAsking(null)}
          onAction={() => void leave()}
        >
          {t('group.leave.text')}
        </Dialog>
      )}
      {asking?.is === 'remove' && (
        <Dialog
          title={t('group.remove.ask', { name: nameOf(asking.user) })}
          action={t('group.remove.do')}
          onClose={() => setAsking(null)}
          onAction={() => void attempt(engine.groups.remove(id, asking.user.id))}
        >
          {t('group.remove.text')}
        </Dialog>
      )}
    </>
  );
}

function Add({
  conversation,
  onDone,
}: {
  conversation: Conversation;
  onDone: (users: readonly UserId[]) => void;
}) {
  const [chosen, setChosen] = useState<readonly User[]>([]);
  const there = new Set(conversation.members.map(({ user }) => user.id));
  return (
    <div className={members.add}>
      <PickPeople chosen={chosen} onChange={setChosen} without={there} />
      <div className={members.row}>
        <Button
          look="primary"
          disabled={chosen.length === 0}
          onClick={() => onDone(chosen.map(({ id }) => id))}
        >
          {t('group.add.do')}
        </Button>
        <Button onClick={() => onDone([])}>{t('dialog.cancel')}</Button>
      </div>
    </div>
  );
}

interface MemberRowProps {
  member: Member;
  mine: Role;
  isMe: boolean;
  onRemove: () => void;
  onRole: (role: Role) => void;
}

function MemberRow({ member, mine, isMe, onRemove, onRole }: MemberRowProps) {
  const { user, role } = member;
  const name = nameOf(user);
  const items: MenuItem[] = [];
  if (mine === 'owner' && role === 'member')
    items.push({ label: t('group.promote', { name }), icon: ShieldPlus, onSelect: () => onRole('admin') });
  if (mine === 'owner' && role === 'admin')
    items.push({ label: t('group.demote', { name }), icon: ShieldMinus, onSelect: () => onRole('member') });
  if (mine === 'owner' || (mine === 'admin' && role === 'member'))
    items.push({ label: t('group.remove', { name }), icon: UserMinus, onSelect: onRemove, danger: true });
  return (
    <li>
      <Avatar id={user.id} name={name} size={36} />
      <p className={members.name}>
        <bdi>{isMe ? t('group.you') : name}</bdi>
        <span className={styles.soft}>@{user.username}</span>
      </p>
      {role !== 'member' && <span className={members.role}>{t(`group.role.${role}`)}</span>}
      {!isMe && items.length > 0 && (
        <Menu icon={EllipsisVertical} size="small" label={t('group.member.menu', { name })} items={items} />
      )}
    </li>
  );
}
