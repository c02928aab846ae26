import type { KnownNames } from './backend/backend.js';
import { EXIT, type ExitCode, Interrupted } from './exit.js';
import { PlainPrompter } from './plain-prompter.js';
import { errorText } from './render/error-text.js';
import type { Shell } from './shell.js';

/** Reads what a person enters. */
export interface Prompter {
  /** The next whole input: a command, or statements up to a `;`. Null when the person leaves. */
  read(): Promise<string | null>;
  /** Runs something while Ctrl-C calls `interrupt`. */
  during<T>(work: () => Promise<T>, interrupt: () => void): Promise<T>;
  close(): void;
}

/** The prompt, until the person leaves. Errors are shown and it goes on. @param greeting what stands above the first prompt */
export async function runRepl(shell: Shell, greeting?: string): Promise<ExitCode> {
  const prompter = await openPrompter(shell);
  try {
    const usual = `${await shell.backend.version()}\nType help for help; exit or Ctrl-D leaves.\n`;
    await shell.write(greeting ?? usual);
    for (;;) {
      const text = await prompter.read();
      if (text === null) break;
      if (text.trim() === '') continue;
      const goesOn = await prompter.during(
        () => runInput(shell, text),
        () => shell.interrupt(),
      );
      if (!goesOn) break;
    }
  } finally {
    prompter.close();
  }
  return EXIT.ok;
}

/** @returns false to leave */
async function runInput(shell: Shell, text: string): Promise<boolean> {
  try {
    return await shell.run(text);
  } catch (error) {
    if (error instanceof Interrupted) await shell.write('Query terminated\n');
    else shell.writeError(errorText(error, shell.terminal.err, shell.terminal.columns));
    return true;
  }
}

/** How long names that were read for completion are taken to be right. */
const NAMES_AGE_MS = 3_000;

async function openPrompter(shell: Shell): Promise<Prompter> {
  const { terminal } = shell;
  if (!terminal.repaints) return new PlainPrompter();
  const { LineEditor } = await import('./editor/line-editor.js');
  const { History, historyPath } = await import('./editor/history.js');
  let known: { readonly names: Promise<KnownNames>; readonly at: number } | null = null;
  return new LineEditor(terminal, new History(historyPath()), () => {
    const now = performance.now();
    if (known === null || now - known.at > NAMES_AGE_MS) known = { names: shell.backend.names(), at: now };
    return known.names;
  });
}
