// Starts, stops and restarts a real server on free loopback ports, with a data directory of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..', '..', '..');
export const webDir = process.env.SOTTO_WEB_DIR ?? join(root, 'web-client', 'dist');
const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 20_000;

export class Server {
  readonly url: string;
  private child: ChildProcess | null = null;
  private log = '';

  private constructor(
    private readonly port: number,
    private readonly metricsPort: number,
    /** Where it keeps everything. */
    readonly data: string,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), 'sotto-browser-'));
    const server = new Server(await freePort(), await freePort(), data);
    await server.up();
    return server;
  }

  /** Starts the process on the same ports and data as before. */
  async up(): Promise<void> {
    const binary = process.env.SOTTO_BIN ?? join(root, 'target', 'release', 'sotto');
    if (!existsSync(binary)) throw new Error(`no server at ${binary}: build it, or name one in SOTTO_BIN`);
    const child = spawn(binary, ['serve', '--role', 'all'], {
      env: {
        ...outside(),
        SOTTO_LISTEN: `127.0.0.1:${this.port}`,
        SOTTO_METRICS_LISTEN: `127.0.0.1:${this.metricsPort}`,
        SOTTO_DATA_DIR: this.data,
        SOTTO_RATE_LIMITS: 'off',
        SOTTO_WEB_DIR: webDir,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const keep = (chunk: Buffer) => {
      this.log = (this.log + chunk.toString()).slice(-8_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await this.ready(child);
  }

  /** What it logged of late. */
  get lines(): string {
    return this.log;
  }

  /** Ends the process, and waits until it is gone. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    const hard = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
    await gone;
    clearTimeout(hard);
  }

  async remove(): Promise<void> {
    await this.down();
    rmSync(this.data, { recursive: true, force: true });
  }

  private async ready(child: ChildProcess): Promise<void> {
    const limit = Date.now() + READY_WITHIN_MS;
    while (Date.now() < limit) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.log}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.status === 200) return;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    await this.down('SIGKILL');
    throw new Error(`the server did not become ready:\n${this.log}`);
  }
}

/** The environment without Sotto's own settings: this server has all of its own. */
function outside(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SOTTO_')));
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? done(address.port) : failed(new Error('no port')),
      );
    });
  });
}
