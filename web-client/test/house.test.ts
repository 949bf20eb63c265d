// House rules that no linter knows: what may import what, how files open, how long they may be.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', 'src');
const files = (readdirSync(root, { recursive: true }) as string[])
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('gen/'))
  .map((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    return { name, text, imports: [...text.matchAll(/from '([^']+)'/g)].map((found) => found[1] ?? '') };
  });

/** Where a relative import leads, as a path under src. */
function leadsTo(name: string, path: string): string {
  return path.startsWith('.') ? join(name, '..', path) : path;
}

describe('house rules', () => {
  test('every file opens with a sentence that says what it is for', () => {
    expect(files.filter(({ text }) => !/^\/\/ \S.*[.:]/.test(text)).map(({ name }) => name)).toEqual([]);
  });

  test('no file is longer than 320 lines, no component file longer than 200', () => {
    const tooLong = files.filter(
      ({ name, text }) => text.split('\n').length > (name.endsWith('.tsx') ? 200 : 320),
    );
    expect(tooLong.map(({ name }) => name)).toEqual([]);
  });

  test('only sync/socket.ts knows socket.io', () => {
    const found = files.filter(({ imports }) => imports.some((path) => path.startsWith('socket.io')));
    expect(found.map(({ name }) => name)).toEqual(['sync/socket.ts']);
  });

  test('the engine knows neither React nor a screen', () => {
    const found = files.filter(
      ({ name, imports }) =>
        /^(sync|crypto)\//.test(name) &&
        imports.some((path) => /^react/.test(path) || /^(ui|features|i18n)\//.test(leadsTo(name, path))),
    );
    expect(found.map(({ name }) => name)).toEqual([]);
  });

  test('ui imports no feature, and a feature imports no other feature', () => {
    const wrong = files.flatMap(({ name, imports }) =>
      imports
        .map((path) => leadsTo(name, path))
        .filter((target) => {
          if (!target.startsWith('features/')) return false;
          if (name.startsWith('ui/')) return true;
          return name.startsWith('features/') && target.split('/')[1] !== name.split('/')[1];
        })
        .map((target) => `${name} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('nothing puts markup in by string, or calls a machine elsewhere', () => {
    const found = files.filter(({ text }) => /dangerouslySetInnerHTML|innerHTML|https?:\/\//.test(text));
    expect(found.map(({ name }) => name)).toEqual([]);
  });
});
