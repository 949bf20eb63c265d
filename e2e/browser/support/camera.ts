// A camera that sees what a test shows it: Chromium plays a file for it, read anew whenever the camera is opened.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Locator } from '@playwright/test';
import { root } from './server.ts';

const FILE = join(root, 'build', 'camera.y4m');
const WIDTH = 640;
const HEIGHT = 480;
const MODULE = 8;
const FRAMES = 8;

export const CAMERA_ARGS = [
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-video-capture=${FILE}`,
];

/** Holds a QR code that a page shows in front of the camera; nothing at all where there is none. */
export async function showCamera(code: Locator | null): Promise<void> {
  const dark = code ? modulesIn((await code.locator('path').getAttribute('d')) ?? '') : [];
  const luma = Buffer.alloc(WIDTH * HEIGHT, 235);
  const size = Math.max(...dark.map(([x]) => x + 1), 0) * MODULE;
  const [left, top] = [(WIDTH - size) >> 1, (HEIGHT - size) >> 1];
  for (const [x, y] of dark)
    for (let line = 0; line < MODULE; line += 1) {
      const at = (top + y * MODULE + line) * WIDTH + left + x * MODULE;
      luma.fill(16, at, at + MODULE);
    }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)]);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`);
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, Buffer.concat([head, ...Array.from({ length: FRAMES }, () => frame)]));
}

function modulesIn(path: string): [x: number, y: number][] {
  return [...path.matchAll(/M(\d+) (\d+)h1/g)].map(([, x, y]) => [Number(x), Number(y)]);
}
