import type { Engine } from '../../engine/engine.js';

/** One row of the demo's table: an airport on a day. */
export interface AirportDay {
  readonly origin: string;
  readonly city: string;
  /** Start of the day, ms since epoch. */
  readonly day: number;
  readonly flights: number;
  readonly averageDelay: number;
  readonly greatestDelay: number;
}

const COLUMNS = 'origin, city, windowstart, flights, average_delay, greatest_delay';

/** Reads the table; with `since` only days from then on. */
export async function readAirportDays(engine: Engine, since: number | null = null): Promise<AirportDay[]> {
  const where = since === null ? '' : ` WHERE windowstart >= ${Math.trunc(since)}`;
  const query = await engine.query(`SELECT ${COLUMNS} FROM airport_days${where};`);
  const days: AirportDay[] = [];
  if (query.kind === 'print') return days;
  for await (const rows of query.batches) {
    for (const { values } of rows) {
      const [origin, city, day, flights, averageDelay, greatestDelay] = values;
      days.push({
        origin: origin as string,
        city: (city as string | null) ?? '',
        day: day as number,
        flights: Number(flights),
        averageDelay: averageDelay as number,
        greatestDelay: greatestDelay as number,
      });
    }
  }
  return days;
}

export const AIRPORT_DAY_COLUMNS = [
  { name: 'AIRPORT', right: false },
  { name: 'CITY', right: false },
  { name: 'DAY', right: false },
  { name: 'FLIGHTS', right: true },
  { name: 'AVERAGE DELAY', right: true },
  { name: 'GREATEST DELAY', right: true },
] as const;

export function airportDayCells(row: AirportDay): string[] {
  const { origin, city, day, flights, averageDelay, greatestDelay } = row;
  return [origin, city, dayText(day), String(flights), averageDelay.toFixed(1), String(greatestDelay)];
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** `12,345` */
export function groupedDigits(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}
