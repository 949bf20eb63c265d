// Gives the client its words: the one way any text reaches the screen.
import { en } from './en.ts';
import type { Text } from './text-type.ts';

export type Key = keyof typeof en;
type Catalogue = Readonly<Record<Key, Text>>;
type Values = Readonly<Record<string, string | number>>;

/** Other languages are loaded when they are chosen. */
const catalogues: Readonly<Record<string, () => Promise<Catalogue>>> = { en: async () => en };

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar', 'fa', 'he', 'ur']);

let catalogue: Catalogue = en;
let locale = 'en';
let plurals = new Intl.PluralRules(locale);

export async function setLanguage(wanted: readonly string[]): Promise<void> {
  const found = wanted.map((tag) => tag.split('-')[0] ?? '').find((tag) => tag in catalogues) ?? 'en';
  const load = catalogues[found];
  if (!load) return;
  catalogue = await load();
  locale = found;
  plurals = new Intl.PluralRules(found);
}

export function t(key: Key, values: Values = {}): string {
  const text = catalogue[key];
  return fill(typeof text === 'string' ? text : pick(text, Number(values.count)), values);
}

function pick(text: Exclude<Text, string>, count: number): string {
  return text[plurals.select(count)] ?? text.other;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => {
    const value = values[name];
    if (value === undefined) return all;
    return typeof value === 'number' ? value.toLocaleString(locale) : value;
  });
}

/** The language of the words, and which way they run. */
export function language(): { lang: string; dir: 'ltr' | 'rtl' } {
  return { lang: locale, dir: RIGHT_TO_LEFT.has(locale) ? 'rtl' : 'ltr' };
}

/** Numbers and dates follow the person's own habits, not only the language of the words. */
export function dateLocale(): string[] {
  return typeof navigator === 'undefined' ? [locale] : [...navigator.languages];
}
