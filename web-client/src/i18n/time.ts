// Says when something was, the way people say it.
import { dateLocale, t } from './text.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const known = formats.get(name);
  if (known) return known;
  const made = new Intl.DateTimeFormat(dateLocale(), options);
  formats.set(name, made);
  return made;
}

/** 12:04 */
export function clock(time: string): string {
  return format('clock', { hour: '2-digit', minute: '2-digit' }).format(new Date(time));
}

/** For screen readers and tooltips. */
export function full(time: string): string {
  return format('full', { dateStyle: 'long', timeStyle: 'short' }).format(new Date(time));
}

/** Changes at midnight, in the person's own time zone. */
export function dayKey(time: string): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** Today, Yesterday, Tuesday, 3 March, 3 March 2024 */
export function dayName(time: string): string {
  const ago = daysAgo(time);
  if (ago === 0) return t('time.today');
  if (ago === 1) return t('time.yesterday');
  if (ago < 7) return weekday(time);
  const sameYear = new Date(time).getFullYear() === new Date().getFullYear();
  const year = sameYear ? {} : ({ year: 'numeric' } as const);
  return format(`day${sameYear}`, { day: 'numeric', month: 'long', ...year }).format(new Date(time));
}

/** As short as a list wants it: 12:04, Yesterday, Tuesday, 03/03/2024 */
export function short(time: string): string {
  const ago = daysAgo(time);
  if (ago === 0) return clock(time);
  if (ago === 1) return t('time.yesterday');
  if (ago < 7) return weekday(time);
  return format('short', { day: '2-digit', month: '2-digit', year: '2-digit' }).format(new Date(time));
}

/** today at 12:04 */
export function moment(time: string): string {
  const ago = daysAgo(time);
  const day = ago === 0 ? t('time.today.low') : ago === 1 ? t('time.yesterday.low') : dayName(time);
  return t('time.at', { day, time: clock(time) });
}

function weekday(time: string): string {
  return format('weekday', { weekday: 'long' }).format(new Date(time));
}

function daysAgo(time: string): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(new Date()) - midnight(new Date(time))) / 86_400_000);
}
