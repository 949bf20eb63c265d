// Gives all journeys one server: the one in SOTTO_URL, or a fresh one that ends with the run.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Server, webDir } from './server.ts';

export default async function globalSetup(): Promise<() => Promise<void>> {
  if (process.env.SOTTO_URL) {
    process.env.SOTTO_JOURNEY_URL = process.env.SOTTO_URL.replace(/\/$/, '');
    return async () => undefined;
  }
  if (!existsSync(join(webDir, 'index.html'))) {
    throw new Error(`${webDir} holds no built client: run \`npm run build\` in web-client`);
  }
  const server = await Server.start();
  process.env.SOTTO_JOURNEY_URL = server.url;
  return () => server.remove();
}
