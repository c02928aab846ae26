import { describe, expect, it } from 'vitest';
import { datePattern } from '../../../src/model/date-pattern.js';
import { instantOfLocal, parseTimeZone } from '../../../src/model/time-zone.js';

/** Results of JDK 17. */
describe('formatting', () => {
  it.each([
    ['MMM/G.OOOOu yyy', -1_506_988_800_000, 'Australia/Lord_Howe', 'Apr/AD.GMT+10:001922 1922'],
    ['VVGGGGm A:s', -350_611_200_000, 'Asia/Kolkata', 'Asia/KolkataAnno Domini30 19800000:0'],
    ['MM Z:L:q OOOO', 1_499_786_191_164, 'Asia/Kolkata', '07 +0530:7:3 GMT+05:30'],
    ["'T'W/u QQQ/m", 43_551_219_560_387, 'America/New_York', 'T5/3350 Q1/59'],
    ['ZZZZZ-EEE K:e', 1_500_393_904_714, '-03:00', '-03:00-Tue 1:3'],
    ["'T'uu/k/L", -56_495_840_009_701, 'GMT', 'T79/23/9'],
    ['XYY-OOOOGGGG EEEE', 1_502_029_355_109, 'Europe/Paris', '+0217-GMT+02:00Anno Domini Sunday'],
    ['KK/ZZZZZXX:YY', 1_306_383_248_858, 'Australia/Lord_Howe', '02/+10:30+1030:11'],
    ['YYYY/uuuuF w', 1_501_717_142_673, 'UTC', '2017/20172 31'],
    ['qy/yyyy/Z.yy', 49_088_249_469_679, '+05:30', '33525/3525/+0530.25'],
    ["k:F-YYYY/''", -14_644_482_546_885, 'Asia/Kolkata', "22:1-1505/'"],
    ['yyyyMMddHHmmssSSS', 601_171_200_000, 'Asia/Kolkata', '19890119053000000'],
  ])('%s of %i in %s', (pattern, ms, zone, expected) => {
    expect(datePattern(pattern).formatTimestamp(ms, parseTimeZone(zone))).toBe(expected);
  });

  it('leaves out optional sections that the value cannot fill', () => {
    expect(datePattern('yyyy-MM-dd[ HH:mm[:ss]]').formatDate(0)).toBe('1970-01-01');
  });
});

describe('patterns', () => {
  it.each([
    ['ddd', 'Too many pattern letters: d'],
    ['V', 'Pattern letter count must be 2: V'],
    ['b', 'Unknown pattern letter: b'],
    ["'open", 'Pattern ends with an incomplete string literal'],
    ['yyyy]', 'Pattern invalid as it contains ] without previous ['],
    ['{', "Pattern includes reserved character: '{'"],
    ['y'.repeat(1001), 'Pattern is longer than 1000 characters'],
  ])('%s is refused', (pattern, message) => {
    expect(() => datePattern(pattern)).toThrow(message);
  });

  it('read adjacent numbers by their widths', () => {
    const { days, nanoOfDay } = datePattern('yyyyMMddHHmmss').parse('20210518101112');
    expect(days).toBe(18_765);
    expect(nanoOfDay).toBe(36_672_000_000_000);
  });

  it('take a sign only where the year is longer than the pattern', () => {
    expect(datePattern('yyyy-MM-dd').parse('+12021-05-18').days).toBe(Date.UTC(12_021, 4, 18) / 86_400_000);
    expect(() => datePattern('yyyy-MM-dd').parse('12021-05-18')).toThrow('could not be parsed at index 0');
  });
});

describe('time zones', () => {
  it.each([
    ['Z', 0],
    ['+05:30', 19_800],
    ['-0800', -28_800],
    ['+5', 18_000],
    ['GMT+2', 7200],
    ['UTC', 0],
    ['Europe/London', 0],
  ])('%s is %i seconds east', (id, seconds) => {
    expect(parseTimeZone(id).offsetAt(0 + (id === 'Europe/London' ? Date.UTC(2021, 0, 1) : 0))).toBe(seconds);
  });

  it.each(['PST', '+19:00', 'Nowhere/City', 'GMT+', '+5:30', 'a b'])('%s is none', (id) => {
    expect(() => parseTimeZone(id)).toThrow();
  });

  it('change their offset to the second', () => {
    const zone = parseTimeZone('America/New_York');
    const change = Date.UTC(2021, 2, 14, 7);
    expect([zone.offsetAt(change - 1), zone.offsetAt(change)]).toEqual([-18_000, -14_400]);
  });

  it('move a local time that clocks skip on by the gap, and take the first of two', () => {
    const zone = parseTimeZone('Europe/Paris');
    expect(instantOfLocal(zone, Date.UTC(2021, 2, 28, 2, 30))).toBe(Date.UTC(2021, 2, 28, 1, 30));
    expect(instantOfLocal(zone, Date.UTC(2021, 9, 31, 2, 30))).toBe(Date.UTC(2021, 9, 31, 0, 30));
  });
});
