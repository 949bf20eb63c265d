// What codes say: each side reads what the other shows, and nothing else.
import { encodeQR } from 'qr';
import { decodeQR } from 'qr/decode.js';
import { expect, test } from 'vitest';
import { linkText, readLink, readSafety, safetyText } from '../src/crypto/qr-texts.ts';

const number = '0123456789'.repeat(6);

test('a safety number is read as it was written', () => {
  expect(safetyText(number)).toBe(`sotto-safety:1:${number}`);
  expect(readSafety(safetyText(number))).toBe(number);
});

test('a code of a new device is read as it was written', () => {
  expect(linkText('S88V-2VSG-07XD-SHE8')).toBe('sotto-link:1:S88V-2VSG-07XD-SHE8');
  expect(readLink(linkText('S88V-2VSG-07XD-SHE8'))).toBe('S88V-2VSG-07XD-SHE8');
});

test('anything else is nothing', () => {
  const others = [
    '',
    number,
    `sotto-safety:2:${number}`,
    `sotto-safety:1:${number}0`,
    `sotto-safety:1:${number.slice(1)}`,
    `sotto-safety:1:${number.slice(1)}a`,
    `xsotto-safety:1:${number}`,
    'sotto-link:1:',
    'sotto-link:2:S88V-2VSG-07XD-SHE8',
    'sotto-link:1:<b>S88V-2VSG-07XD</b>',
  ];
  for (const text of others) expect([text, readSafety(text), readLink(text)]).toEqual([text, null, null]);
  expect(readLink(safetyText(number))).toBe(null);
});

test('a camera reads back what is drawn', () => {
  const rows = encodeQR(safetyText(number), 'raw', { ecc: 'medium', border: 4, scale: 4 });
  const size = rows.length;
  const data = new Uint8Array(size * size * 4);
  rows.forEach((row, y) => {
    row.forEach((dark, x) => {
      data.fill(dark ? 0 : 255, (y * size + x) * 4, (y * size + x) * 4 + 4);
    });
  });
  expect(readSafety(decodeQR({ width: size, height: size, data }))).toBe(number);
});
