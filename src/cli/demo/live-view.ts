import type { Engine } from '../../engine/engine.js';
import type { Palette } from '../render/palette.js';
import { clip } from '../render/printable.js';
import { naturalWidths, TableWriter } from '../render/table.js';
import type { Terminal } from '../terminal.js';
import {
  AIRPORT_DAY_COLUMNS,
  type AirportDay,
  airportDayCells,
  groupedDigits,
  readAirportDays,
} from './airport-days.js';
import type { Replay } from './replay.js';

const REPAINT_MS = 200;
const ROWS_MAX = 15;
/** Lines of the view besides the table's rows. */
const FRAME_LINES = 8;

/** What the view shows at one moment. */
export interface LiveState {
  readonly position: number;
  readonly total: number;
  readonly rowsPerSecond: number;
  readonly processedPerSecond: number;
  /** Greatest event time that the queries have seen, ms since epoch; null before the first flight. */
  readonly streamTime: number | null;
  readonly url: string;
  readonly rows: readonly AirportDay[];
}

/** How the view was left. */
export type LiveEnd = 'finished' | 'prompt' | 'quit';

/** Shows the table of the present day, repainted in place, until the replay ends or a key is pressed. */
export async function showLive(
  engine: Engine,
  replay: Replay,
  running: Promise<void>,
  url: string,
  terminal: Terminal,
): Promise<LiveEnd> {
  let end: LiveEnd | null = null;
  let wake = (): void => {};
  const finish = (how: LiveEnd): void => {
    end ??= how;
    wake();
  };
  const release = watchKeys(finish);
  void running.then(
    () => finish('finished'),
    () => finish('finished'),
  );
  const painter = new Painter(terminal);
  const rates = new Rates();
  let widths: number[] | null = null;
  let lastDay = 0;
  try {
    for (;;) {
      if (end === 'finished') await engine.drain();
      const finished = end;
      const state = await observe(engine, replay, url, rates, lastDay);
      lastDay = state.rows[0]?.day ?? lastDay;
      widths = widest(widths, naturalWidths(AIRPORT_DAY_COLUMNS, state.rows.map(airportDayCells)));
      await painter.paint(liveLines(state, widths, terminal));
      if (finished !== null) return finished;
      if (end !== null) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, REPAINT_MS);
      });
    }
  } finally {
    release();
    await painter.close();
  }
}

/** @param lastDay the day that was shown before */
async function observe(engine: Engine, replay: Replay, url: string, rates: Rates, lastDay: number): Promise<LiveState> {
  const { queries } = await engine.statistics();
  const times = queries.flatMap(({ streamTime }) => (streamTime === null ? [] : [streamTime]));
  const streamTime = times.length === 0 ? null : Math.max(...times);
  // The queries may be days ahead of what is committed: the table itself knows its last day, which only grows.
  const recent = await readAirportDays(engine, lastDay);
  const today = recent.reduce((latest, { day }) => Math.max(latest, day), 0);
  const rows = recent.filter(({ day }) => day === today);
  const processed = queries.reduce((sum, { rowsIn }) => sum + rowsIn, 0);
  const [rowsPerSecond, processedPerSecond] = rates.observe([replay.position, processed]);
  return {
    position: replay.position,
    total: replay.total,
    rowsPerSecond: rowsPerSecond!,
    processedPerSecond: processedPerSecond!,
    streamTime,
    url,
    rows: rows.sort((a, b) => b.flights - a.flights || (a.origin < b.origin ? -1 : 1)),
  };
}

/** The lines of the view. */
export function liveLines(
  state: LiveState,
  widths: readonly number[],
  terminal: { readonly columns: number | null; readonly rows: number; readonly out: Palette },
): string[] {
  const { bold, dim, green, cyan } = terminal.out;
  const columns = (terminal.columns ?? 80) - 1;
  const time = state.streamTime === null ? 'no flight yet' : new Date(state.streamTime).toISOString().slice(0, 16);
  const counts = `${groupedDigits(state.position)} of ${groupedDigits(state.total)} flights`;
  const barWidth = 24;
  const filled = Math.round((barWidth * state.position) / Math.max(1, state.total));
  const style = { wrap: false, columnWidth: 0, columns };
  const table = new TableWriter(AIRPORT_DAY_COLUMNS, widths, style);
  const room = Math.max(1, Math.min(ROWS_MAX, terminal.rows - FRAME_LINES - 1));
  const shown = state.rows.slice(0, room);
  const hidden = state.rows.length - shown.length;
  return [
    `${bold('US flights of 2001, replayed')}   stream time ${cyan(time.replace('T', ' '))}   ${dim(state.url)}`,
    `${green('#'.repeat(filled))}${dim('.'.repeat(barWidth - filled))} ${counts}, ${groupedDigits(state.rowsPerSecond)} rows/s in, ${groupedDigits(state.processedPerSecond)} rows/s processed`,
    '',
    ...[table.header(bold), ...shown.map((row) => table.row(airportDayCells(row)))].flatMap((text) =>
      text.trimEnd().split('\n'),
    ),
    dim(hidden > 0 ? ` and ${hidden} more airports that day` : ''),
    dim('Enter opens a prompt while the replay goes on. Ctrl-C ends the demo.'),
  ].map((line) => (terminal.columns === null ? line : fitLine(line, columns)));
}

/** Lines with colours are short enough by construction, except on terminals that nobody uses. */
function fitLine(line: string, columns: number): string {
  return line.includes('\u001b') ? line : clip(line, columns);
}

function widest(before: readonly number[] | null, now: readonly number[]): number[] {
  return now.map((size, i) => Math.max(size, before?.[i] ?? 0));
}

/** Rates of counters over the last two seconds. */
class Rates {
  readonly #seen: { readonly at: number; readonly counts: readonly number[] }[] = [];

  observe(counts: readonly number[]): number[] {
    const at = performance.now();
    this.#seen.push({ at, counts });
    while (this.#seen.length > 2 && at - this.#seen[1]!.at > 2_000) this.#seen.shift();
    const first = this.#seen[0]!;
    const seconds = (at - first.at) / 1000;
    return counts.map((count, i) => (seconds === 0 ? 0 : (count - first.counts[i]!) / seconds));
  }
}

/** Writes lines over the ones it wrote before. */
class Painter {
  readonly #terminal: Terminal;
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Between the two marks a terminal that knows them shows nothing half done. */
  async paint(lines: readonly string[]): Promise<void> {
    const up = this.#height === 0 ? '\u001b[?25l' : `\u001b[${this.#height}A`;
    const text = lines.map((line) => `\u001b[2K${line}\n`).join('');
    this.#height = lines.length;
    await this.#terminal.write(`\u001b[?2026h${up}\r${text}\u001b[0J\u001b[?2026l`);
  }

  async close(): Promise<void> {
    await this.#terminal.write('\u001b[?25h');
  }
}

/** Calls back for Enter (prompt) and for Ctrl-C, Ctrl-D and q (quit). @returns lets go of the keyboard */
function watchKeys(finish: (how: LiveEnd) => void): () => void {
  const { stdin } = process;
  const onData = (data: Buffer): void => {
    const text = data.toString('utf8');
    if (/[\u0003\u0004qQ]/.test(text)) finish('quit');
    else if (/[\r\n]/.test(text)) finish('prompt');
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on('data', onData);
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
