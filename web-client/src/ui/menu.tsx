// A button with a list of actions: arrows move, Enter chooses, Escape leaves.
import type { LucideIcon } from 'lucide-react';
import { type KeyboardEvent, useRef } from 'react';
import { IconButton } from './button.tsx';
import styles from './menu.module.css';
import { Popover, usePopover } from './popover.tsx';

export interface MenuItem {
  label: string;
  icon: LucideIcon;
  onSelect: () => void;
  danger?: boolean;
}

interface MenuProps {
  label: string;
  icon: LucideIcon;
  items: readonly MenuItem[];
  size?: 'normal' | 'small';
  onOpen?: (open: boolean) => void;
  /** Leaves the button out of the tab order, where another way leads to it. */
  skipTab?: boolean;
}

export function Menu({ label, icon, items, size = 'normal', onOpen, skipTab = false }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null);
  const { open, toggle, close } = usePopover(onOpen);
  return (
    <>
      <IconButton
        ref={button}
        icon={icon}
        label={label}
        size={size}
        tabIndex={skipTab ? -1 : 0}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={toggle}
      />
      {open && (
        <Popover anchor={button} onClose={close} focus="[role=menuitem]">
          <div role="menu" aria-label={label} className={styles.menu} tabIndex={-1} onKeyDown={moveFocus}>
            {items.map(({ label: text, icon: Icon, onSelect, danger = false }) => (
              <button
                key={text}
                type="button"
                role="menuitem"
                tabIndex={-1}
                data-danger={danger}
                onClick={() => {
                  close();
                  onSelect();
                }}
              >
                <Icon size={17} aria-hidden="true" />
                {text}
              </button>
            ))}
          </div>
        </Popover>
      )}
    </>
  );
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 };

/** Moves focus among the buttons of a group by arrow keys, round and round. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('button')];
  const at = buttons.indexOf(document.activeElement as HTMLElement);
  const step = STEPS[event.key];
  const edge = event.key === 'Home' ? 0 : event.key === 'End' ? buttons.length - 1 : undefined;
  const next = edge ?? (step === undefined ? undefined : (at + step + buttons.length) % buttons.length);
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  buttons[next]?.focus();
}
