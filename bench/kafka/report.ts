import type { LoopMeasured } from './loop.js';
import type { Measured } from './measure.js';

/** What a query is to reach. */
export interface Goals {
  /** Times the peer's rows a second. */
  readonly ratio: number;
  /** Null: there is none. */
  readonly rssMb: number | null;
  readonly firstOutput: number;
}

interface Range {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The table of a query: a line a side with the median of all rounds and, in brackets, the least and the most; then engine by peer. */
export function report(
  title: string,
  engine: readonly Measured[],
  peer: readonly Measured[],
  loop: readonly LoopMeasured[],
  goals: Goals,
): string {
  const lines = [
    ['', 'rows/s (wall)', 'rows/s (CPU)', 'greatest RSS, MB', 'first output, s'],
    sideLine('engine', engine),
    sideLine('peer', peer),
    [
      'loop',
      thousands(loop.map(({ rowsPerSecond }) => rowsPerSecond)),
      thousands(loop.map(({ rowsPerCpuSecond }) => rowsPerCpuSecond)),
      plain(
        loop.map(({ rssMb }) => rssMb),
        0,
      ),
      '',
    ],
  ].filter((line) => line[1] !== '');
  if (engine.length > 0 && peer.length > 0) {
    const wall = engine.map(({ rowsPerSecond }, i) => rowsPerSecond / peer[i]!.rowsPerSecond);
    const cpu = engine.map(({ rowsPerCpuSecond }, i) => rowsPerCpuSecond / peer[i]!.rowsPerCpuSecond);
    lines.push(['engine / peer', `${plain(wall, 2)}x`, `${plain(cpu, 2)}x`, '', '']);
    lines.push([
      'goal',
      verdict(`${goals.ratio}x`, range(wall).median >= goals.ratio),
      '',
      goals.rssMb === null
        ? ''
        : verdict(`${goals.rssMb}`, range(engine.map(({ rssMb }) => rssMb)).most <= goals.rssMb),
      verdict(`${goals.firstOutput}`, range(engine.map(({ firstOutput }) => firstOutput)).median <= goals.firstOutput),
    ]);
  }
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const rows = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))),
  );
  return [title, ...rows.map((row) => `  ${row.join('   ')}`.trimEnd())].join('\n');
}

function sideLine(name: string, measured: readonly Measured[]): string[] {
  return [
    name,
    thousands(measured.map(({ rowsPerSecond }) => rowsPerSecond)),
    thousands(measured.map(({ rowsPerCpuSecond }) => rowsPerCpuSecond)),
    plain(
      measured.map(({ rssMb }) => rssMb),
      0,
    ),
    plain(
      measured.map(({ firstOutput }) => firstOutput),
      2,
    ),
  ];
}

function verdict(goal: string, isMet: boolean): string {
  return `${goal} ${isMet ? 'met' : 'MISSED'}`;
}

function thousands(values: readonly number[]): string {
  return spread(values, (value) => `${Math.round(value / 1000)}k`);
}

function plain(values: readonly number[], digits: number): string {
  return spread(values, (value) => value.toFixed(digits));
}

function spread(values: readonly number[], text: (value: number) => string): string {
  if (values.length === 0) return '';
  const { median, least, most } = range(values);
  return values.length === 1 ? text(median) : `${text(median)} (${text(least)}-${text(most)})`;
}

function range(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)]!, least: sorted[0]!, most: sorted.at(-1)! };
}
