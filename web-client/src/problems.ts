// Says in words what went wrong.

import type { Problem } from './gen/contract.ts';
import { en } from './i18n/en.ts';
import { type Key, t } from './i18n/text.ts';
import { Refused, Unreachable } from './sync/problem.ts';

function isKey(key: string): key is Key {
  return key in en;
}

export function wordsFor(problem: Problem): string {
  const byField = `problem.${problem.field ?? ''}`;
  const byCode = `problem.${problem.code}`;
  if (problem.code === 'invalid' && isKey(byField)) return t(byField);
  return isKey(byCode) ? t(byCode) : problem.detail || t('problem.unknown');
}

export function wordsForError(error: unknown): string {
  if (error instanceof Refused) return wordsFor(error.problem);
  return error instanceof Unreachable ? t('problem.unreachable') : t('problem.unknown');
}
