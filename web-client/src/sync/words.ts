// The words of what was said, as the local search finds them: in whatever script, without marks and capitals.
import type { Content } from '../gen/contract.ts';

/** Longer texts are found by their beginning. */
const MOST_WORDS = 200;
const LONGEST = 32;

const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' });

export function wordsIn(text: string): string[] {
  const words = new Set<string>();
  for (const { segment, isWordLike } of segmenter.segment(plain(text))) {
    if (isWordLike) words.add(segment.slice(0, LONGEST));
    if (words.size === MOST_WORDS) break;
  }
  return [...words];
}

export function wordsOf(content: Content | null): string[] {
  return content?.type === 'text' ? wordsIn(content.text) : [];
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
