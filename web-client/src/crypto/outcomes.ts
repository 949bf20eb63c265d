// What became of a box or a message, as the vault tells it.
import type { Content } from '../gen/contract.ts';
import type { Outcome } from './vault.ts';

export function remedyOf(outcome: Outcome | undefined): string | null {
  return typeof outcome === 'object' && 'failed' in outcome ? outcome.failed.remedy : null;
}

/** Whoever began anew has other devices, or other keys on the same one: their list tells. */
export function mayBeAnew(outcome: Outcome | undefined): boolean {
  return ['refresh', 'repair', 'refuse'].includes(remedyOf(outcome) ?? '');
}

export function contentOf(outcome: Outcome | undefined): Content | null {
  if (typeof outcome !== 'object') return null;
  if ('failed' in outcome && outcome.failed.remedy === 'refuse')
    console.warn('refused:', outcome.failed.detail);
  if (!('body' in outcome)) return null;
  try {
    return JSON.parse(outcome.body) as Content;
  } catch {
    return null;
  }
}
