import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');

/** Bundles the command line as the package does. Returns the folder, which lies where packages with native code are found. */
export async function bundleCli(): Promise<string> {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'cli-'));
  await build({
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli/main.ts', 'stream-thread': 'src/executor/thread/worker.ts' },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['better-sqlite3', '@node-rs/crc32'],
    banner: {
      js: "import { createRequire as cliRequire } from 'node:module';\nconst require = cliRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return outdir;
}

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export class CliProcess {
  out = '';
  err = '';
  readonly ended: Promise<Finished>;
  readonly #child: ChildProcessWithoutNullStreams;
  #changed: (() => void)[] = [];

  constructor(bundle: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: object } = {}) {
    const child = spawn(process.execPath, [join(bundle, 'cli.js'), ...args], {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: '', FORCE_COLOR: undefined, ...options.env } as NodeJS.ProcessEnv,
    });
    this.#child = child;
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#grow('out', text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#grow('err', text));
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        resolve({ code, out: this.out, err: this.err });
        this.#wake();
      });
    });
  }

  write(text: string): this {
    this.#child.stdin.write(text);
    return this;
  }

  end(text = ''): this {
    this.#child.stdin.end(text);
    return this;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  /** Resolves when the output fits. @throws Error when the process ends before */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.out);
      if (found !== null) return found;
      if (this.#child.exitCode !== null) throw new Error(`ended with ${this.#child.exitCode}: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #grow(stream: 'out' | 'err', text: string): void {
    this[stream] += text;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const wake of waiting) wake();
  }
}
