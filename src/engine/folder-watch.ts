import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';

/** Events come in bursts, and an editor may write a file in several steps. */
const QUIET_MS = 200;

/** Tells when something in folders has changed, once a burst of changes is over. Subfolders are not meant unless they are named. */
export class FolderWatch {
  readonly #matters: (name: string) => boolean;
  readonly #onChange: () => void;
  readonly #onError: (error: Error) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #folders: readonly string[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** @param matters whether a change of the file of this name is one: a folder may hold files that change all the time */
  constructor(matters: (name: string) => boolean, onChange: () => void, onError: (error: Error) => void) {
    this.#matters = matters;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Watches these folders from now on, and no others. One that cannot be watched is told to `onError`. */
  setFolders(folders: readonly string[]): void {
    this.#folders = folders;
    for (const folder of this.#watchers.keys()) {
      if (!folders.includes(folder)) this.#unwatch(folder);
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watch(folder);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.setFolders([]);
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        // The folder itself: perhaps another one is in its place now.
        const isReplaced = name === basename(folder);
        if (isReplaced) this.#unwatch(folder);
        if (isReplaced || name === null || this.#matters(name)) this.#changed();
      });
      watcher.on('error', (error) => {
        this.#unwatch(folder);
        this.#onError(error);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #changed(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.setFolders(this.#folders);
      this.#onChange();
    }, QUIET_MS);
    this.#timer.unref();
  }
}
