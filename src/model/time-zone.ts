import { DAY_MS } from './time.js';
/** A time zone by its rules. Offsets are in seconds east of UTC. */
export interface TimeZone {
  /** As given, in the normal form that Java prints: `Europe/London`, `+02:00`, `Z`. */
  readonly id: string;
  /** Whether the zone is a bare offset, without a name of its own. */
  readonly fixed: boolean;
  /** The offset in force at an instant (ms since the epoch). */
  offsetAt(ms: number): number;
}

const CACHED_ZONES_MAX = 1000;
const cache = new Map<string, TimeZone>();

/**
 * Reads what Java's `ZoneId.of` takes: `UTC`, `Europe/London`, `+02:00`, `GMT+2`, `Z`. Three-letter names such as `PST` are
 * refused as there, because they mean several things.
 * @throws Error in Java's words
 */
export function parseTimeZone(id: string): TimeZone {
  const known = cache.get(id);
  if (known !== undefined) return known;
  const zone = readTimeZone(id);
  if (cache.size >= CACHED_ZONES_MAX) cache.clear();
  cache.set(id, zone);
  return zone;
}

/** The zone of the machine. */
export function systemTimeZone(): TimeZone {
  return parseTimeZone(new Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** A zone that is nothing but an offset. */
export function offsetZone(seconds: number): TimeZone {
  return { id: formatOffset(seconds), fixed: true, offsetAt: () => seconds };
}

export const GMT_ZONE: TimeZone = { id: 'GMT', fixed: false, offsetAt: () => 0 };

/**
 * The instant at which the clocks of a zone show a local time (ms since the epoch as if it were UTC). A time that
 * clocks skip moves on by the gap; of a time that comes twice the first is meant, as in Java.
 */
export function instantOfLocal(zone: TimeZone, localMs: number): number {
  const before = zone.offsetAt(localMs - DAY_MS);
  const early = localMs - before * 1000;
  const offset = zone.offsetAt(early);
  if (offset === before) return early;
  const late = localMs - offset * 1000;
  if (zone.offsetAt(late) === offset) return late;
  // In a gap neither offset shows this time; the one before it moves the time on by the gap.
  return early;
}

const OFFSET_SECONDS_MAX = 18 * 3600;
const REGION = /^[A-Za-z][A-Za-z0-9~/._+-]+$/;
/** Names that ICU knows and Java's `ZoneId` does not. */
const REFUSED: ReadonlySet<string> = new Set(
  'ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT EST HST IET IST JST MIT MST NET NST PLT PNT PRT PST ROC SST VST'.split(
    ' ',
  ),
);

function readTimeZone(id: string): TimeZone {
  if (id === 'Z') return offsetZone(0);
  if (id.startsWith('+') || id.startsWith('-')) return offsetZone(readOffset(id, id));
  const prefix = /^(UTC|GMT|UT)([+-].*)?$/.exec(id);
  if (prefix !== null) {
    const seconds = prefix[2] === undefined ? 0 : readOffset(prefix[2], id);
    const suffix = prefix[2] === undefined || seconds === 0 ? '' : formatOffset(seconds);
    return { id: prefix[1]! + suffix, fixed: false, offsetAt: () => seconds };
  }
  if (!REGION.test(id)) throw new Error(`Invalid ID for region-based ZoneId, invalid format: ${id}`);
  if (REFUSED.has(id)) throw new Error(`Unknown time-zone ID: ${id}`);
  return new RegionZone(id);
}

const OFFSET = /^([+-])(\d{1,2})(?::(\d\d)(?::(\d\d))?|(\d\d)(\d\d)?)?$/;

function readOffset(text: string, id: string): number {
  const match = OFFSET.exec(text);
  // One digit of hours stands alone.
  if (match === null || (match[2]!.length === 1 && (match[3] ?? match[5]) !== undefined)) {
    throw new Error(`Invalid ID for ZoneOffset, invalid format: ${id}`);
  }
  const minutes = Number(match[3] ?? match[5] ?? 0);
  const seconds = Number(match[4] ?? match[6] ?? 0);
  const size = Number(match[2]) * 3600 + minutes * 60 + seconds;
  if (minutes > 59 || seconds > 59 || size > OFFSET_SECONDS_MAX) {
    throw new Error(`Zone offset not in valid range: -18:00 to +18:00: ${id}`);
  }
  return match[1] === '-' ? -size : size;
}

/** `Z`, `+02:00`, `-00:44:30`. */
export function formatOffset(seconds: number): string {
  if (seconds === 0) return 'Z';
  const size = Math.abs(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const rest = size % 60 === 0 ? '' : `:${two(size % 60)}`;
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}${rest}`;
}

/** About six days: no zone has changed its offset twice in so short a time. */
const BUCKET_MS = 2 ** 29;
const BUCKETS_MAX = 4096;

/** The offsets at both ends of a bucket, and the instant of the change between them. */
interface Bucket {
  readonly before: number;
  readonly after: number;
  readonly change: number;
}

/** A zone of the IANA database, by way of ICU; what was asked is remembered, because asking costs microseconds. */
class RegionZone implements TimeZone {
  readonly id: string;
  readonly fixed = false;
  readonly #format: Intl.DateTimeFormat;
  readonly #buckets = new Map<number, Bucket>();

  constructor(id: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: id,
        calendar: 'gregory',
        numberingSystem: 'latn',
        hourCycle: 'h23',
        era: 'short',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch {
      throw new Error(`Unknown time-zone ID: ${id}`);
    }
    const known = this.#format.resolvedOptions().timeZone;
    this.id = known.toLowerCase() === id.toLowerCase() ? known : id;
  }

  offsetAt(ms: number): number {
    const index = Math.floor(ms / BUCKET_MS);
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = this.#look(index);
      if (this.#buckets.size >= BUCKETS_MAX) this.#buckets.clear();
      this.#buckets.set(index, bucket);
    }
    return ms < bucket.change ? bucket.before : bucket.after;
  }

  #look(index: number): Bucket {
    let low = index * BUCKET_MS;
    let high = low + BUCKET_MS;
    const before = this.#ask(low);
    const after = this.#ask(high);
    if (before === after) return { before, after, change: high };
    low = Math.floor(low / 1000);
    high = Math.ceil(high / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle * 1000) === before) low = middle;
      else high = middle;
    }
    return { before, after, change: high * 1000 };
  }

  #ask(ms: number): number {
    const second = Math.floor(ms / 1000) * 1000;
    if (Math.abs(second) > 8.64e15) return 0;
    const part: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(second)) part[type] = value;
    // The Gregorian calendar of ICU turns Julian in 1582; the rules of that time are mean solar time all along.
    if (second < GREGORIAN_START_MS) return this.#ask(GREGORIAN_START_MS);
    const local = Date.UTC(
      0,
      Number(part['month']) - 1,
      Number(part['day']),
      Number(part['hour']),
      Number(part['minute']),
      Number(part['second']),
    );
    const shown = new Date(local).setUTCFullYear(Number(part['year']), Number(part['month']) - 1, Number(part['day']));
    return Math.round((shown - second) / 1000);
  }
}

const GREGORIAN_START_MS = -12_219_292_800_000 + 2 * DAY_MS;

/** English locales, each of which has short names for the zones of its own part of the world. */
const LOCALES = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'en-KE', 'en-NG', 'en-IE'];

/** Short names that no English locale of ICU gives: in standard time, and in summer time where there is one. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  'America/Argentina/Buenos_Aires': 'ART',
  'America/Bogota': 'COT',
  'America/Caracas': 'VET',
  'America/Lima': 'PET',
  'America/Montevideo': 'UYT',
  'America/Santiago': 'CLT CLST',
  'America/Sao_Paulo': 'BRT',
  'Asia/Baghdad': 'AST',
  'Asia/Bangkok': 'ICT',
  'Asia/Dhaka': 'BDT',
  'Asia/Dubai': 'GST',
  'Asia/Ho_Chi_Minh': 'ICT',
  'Asia/Hong_Kong': 'HKT',
  'Asia/Jakarta': 'WIB',
  'Asia/Jerusalem': 'IST IDT',
  'Asia/Kabul': 'AFT',
  'Asia/Karachi': 'PKT',
  'Asia/Kathmandu': 'NPT',
  'Asia/Kuala_Lumpur': 'MYT',
  'Asia/Kuwait': 'AST',
  'Asia/Manila': 'PST',
  'Asia/Qatar': 'AST',
  'Asia/Riyadh': 'AST',
  'Asia/Seoul': 'KST',
  'Asia/Shanghai': 'CST',
  'Asia/Singapore': 'SGT',
  'Asia/Taipei': 'CST',
  'Asia/Tashkent': 'UZT',
  'Asia/Tehran': 'IRST IRDT',
  'Asia/Tokyo': 'JST',
  'Asia/Vladivostok': 'VLAT',
  'Asia/Yekaterinburg': 'YEKT',
  'Europe/Istanbul': 'TRT',
  'Europe/Minsk': 'MSK',
  'Europe/Moscow': 'MSK',
  Japan: 'JST',
};

/** The name of a zone at an instant: `PDT`, or in full `Pacific Daylight Time`; `GMT+03:00` where English has none. */
export function timeZoneName(zone: TimeZone, ms: number, style: 'short' | 'long'): string {
  if (zone.fixed) return zone.id;
  if (zone.id === 'UTC' || zone.id === 'GMT' || zone.id === 'UT') {
    if (style === 'short') return zone.id === 'UT' ? 'UTC' : zone.id;
    return zone.id === 'GMT' ? 'Greenwich Mean Time' : 'Coordinated Universal Time';
  }
  if (/^(?:UTC|GMT|UT)[+-]/.test(zone.id)) return zone.id;
  const own = SHORT_NAMES[zone.id];
  if (style === 'short' && own !== undefined) {
    const [standard, summer] = own.split(' ');
    return summer !== undefined && isSummer(zone, ms) ? summer : standard!;
  }
  for (const locale of style === 'long' ? ['en-US'] : LOCALES) {
    const name = zoneNameIn(locale, zone.id, ms, style);
    if (!/^(?:GMT|UTC)[+-]/.test(name)) return name;
  }
  return `GMT${formatOffset(zone.offsetAt(ms))}`;
}

const nameFormats = new Map<string, Intl.DateTimeFormat>();

function zoneNameIn(locale: string, id: string, ms: number, style: 'short' | 'long'): string {
  const key = `${locale} ${style} ${id}`;
  let format = nameFormats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, { timeZone: id, timeZoneName: style });
    if (nameFormats.size >= CACHED_ZONES_MAX) nameFormats.clear();
    nameFormats.set(key, format);
  }
  return format.formatToParts(ms).find((part) => part.type === 'timeZoneName')!.value;
}

/** Summer time is when the offset is above the least of the half years around. */
function isSummer(zone: TimeZone, ms: number): boolean {
  const half = 182 * DAY_MS;
  return zone.offsetAt(ms) > Math.min(zone.offsetAt(ms - half), zone.offsetAt(ms + half));
}

/** Which zone an abbreviation means when a text is read. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  UTC: 'UTC',
  UT: 'UTC',
  GMT: 'GMT',
  PST: 'America/Los_Angeles',
  PDT: 'America/Los_Angeles',
  PT: 'America/Los_Angeles',
  MST: 'America/Denver',
  MDT: 'America/Denver',
  MT: 'America/Denver',
  CST: 'America/Chicago',
  CDT: 'America/Chicago',
  CT: 'America/Chicago',
  EST: 'America/New_York',
  EDT: 'America/New_York',
  ET: 'America/New_York',
  AKST: 'America/Anchorage',
  AKDT: 'America/Anchorage',
  HST: 'Pacific/Honolulu',
  AST: 'America/Halifax',
  ADT: 'America/Halifax',
  NST: 'America/St_Johns',
  NDT: 'America/St_Johns',
  BRT: 'America/Sao_Paulo',
  ART: 'America/Argentina/Buenos_Aires',
  BST: 'Europe/London',
  WET: 'Europe/Lisbon',
  WEST: 'Europe/Lisbon',
  CET: 'Europe/Paris',
  CEST: 'Europe/Paris',
  EET: 'Europe/Bucharest',
  EEST: 'Europe/Bucharest',
  MSK: 'Europe/Moscow',
  TRT: 'Europe/Istanbul',
  SAST: 'Africa/Johannesburg',
  CAT: 'Africa/Maputo',
  EAT: 'Africa/Nairobi',
  WAT: 'Africa/Lagos',
  GST: 'Asia/Dubai',
  PKT: 'Asia/Karachi',
  IST: 'Asia/Kolkata',
  ICT: 'Asia/Bangkok',
  WIB: 'Asia/Jakarta',
  SGT: 'Asia/Singapore',
  HKT: 'Asia/Hong_Kong',
  KST: 'Asia/Seoul',
  JST: 'Asia/Tokyo',
  AWST: 'Australia/Perth',
  ACST: 'Australia/Adelaide',
  ACDT: 'Australia/Adelaide',
  AEST: 'Australia/Sydney',
  AEDT: 'Australia/Sydney',
  NZST: 'Pacific/Auckland',
  NZDT: 'Pacific/Auckland',
};

/** One of each zone that an abbreviation can mean. */
export function zonesWithAbbreviations(): TimeZone[] {
  return [...new Set(Object.values(ABBREVIATIONS))].map(parseTimeZone);
}

/** The zone of an abbreviation in any case, or null. */
export function timeZoneOfAbbreviation(name: string): TimeZone | null {
  const id = ABBREVIATIONS[name.toUpperCase()];
  return id === undefined ? null : parseTimeZone(id);
}
