import { type FSWatcher, watch } from 'node:fs';

/** Events come in bursts, and an editor may write a file in several steps. */
const QUIET_MS = 200;

/** Tells when something in folders has changed, once a burst of changes is over. Subfolders are not meant unless they are named. */
export class FolderWatch {
  readonly #matters: (name: string) => boolean;
  readonly #onChange: () => void;
  readonly #onError: (error: Error) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: NodeJS.Timeout | null = null;

  /** @param matters whether a change of the file of this name is one: a folder may hold files that change all the time */
  constructor(matters: (name: string) => boolean, onChange: () => void, onError: (error: Error) => void) {
    this.#matters = matters;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Watches these folders from now on, and no others. One that cannot be watched is told to `onError`. */
  setFolders(folders: readonly string[]): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
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
        if (name === null || this.#matters(name)) this.#changed();
      });
      watcher.on('error', (error) => {
        watcher.close();
        this.#watchers.delete(folder);
        this.#onError(error);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  #changed(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#onChange();
    }, QUIET_MS);
    this.#timer.unref();
  }
}
