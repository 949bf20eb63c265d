// What can be done with a message: shown on hover, on focus, and from the keyboard.
import { ChevronDown, Copy, Pencil, Reply, SmilePlus, Trash2 } from 'lucide-react';
import { useRef } from 'react';
import { useClient } from '../../client.tsx';
import { t } from '../../i18n/text.ts';
import type { Item } from '../../sync/fold.ts';
import { IconButton } from '../../ui/button.tsx';
import { EmojiPicker } from '../../ui/emoji-picker.tsx';
import { Menu, type MenuItem } from '../../ui/menu.tsx';
import { Popover, usePopover } from '../../ui/popover.tsx';
import { canEdit, type MessageActions, textOf } from './actions.ts';
import styles from './bubble-tools.module.css';

interface BubbleToolsProps {
  item: Item;
  actions: MessageActions;
  forced: boolean;
  onOpen: (open: boolean) => void;
}

export function BubbleTools({ item, actions, forced, onOpen }: BubbleToolsProps) {
  const { me } = useClient().engine.getSnapshot();
  const button = useRef<HTMLButtonElement>(null);
  const picker = usePopover(onOpen);
  const items: MenuItem[] = [
    { label: t('message.reply'), icon: Reply, onSelect: () => actions.reply(item) },
    { label: t('message.react'), icon: SmilePlus, onSelect: () => setTimeout(picker.toggle) },
  ];
  if (textOf(item)) items.push({ label: t('message.copy'), icon: Copy, onSelect: () => actions.copy(item) });
  if (canEdit(item, me.id))
    items.push({ label: t('message.edit'), icon: Pencil, onSelect: () => actions.edit(item) });
  if (item.sender_id === me.id) {
    items.push({
      label: t('message.delete'),
      icon: Trash2,
      onSelect: () => actions.remove(item),
      danger: true,
    });
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a toolbar of buttons, not a form's fieldset
    <div
      className={styles.tools}
      role="group"
      aria-label={t('message.actions')}
      data-part="tools"
      data-forced={forced}
    >
      <IconButton
        ref={button}
        icon={SmilePlus}
        size="small"
        label={t('message.react')}
        aria-expanded={picker.open}
        tabIndex={-1}
        onClick={picker.toggle}
      />
      <IconButton
        icon={Reply}
        size="small"
        label={t('message.reply')}
        tabIndex={-1}
        onClick={() => actions.reply(item)}
      />
      <Menu icon={ChevronDown} size="small" label={t('message.more')} items={items} onOpen={onOpen} skipTab />
      {picker.open && (
        <Popover anchor={button} onClose={picker.close}>
          <EmojiPicker
            onPick={(emoji) => {
              picker.close();
              actions.react(item, emoji);
            }}
          />
        </Popover>
      )}
    </div>
  );
}
