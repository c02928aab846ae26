import { describe, expect, test } from 'vitest';
import { completeLength, parseCommand, splitInput } from '../../../src/cli/input.js';

describe('commands', () => {
  test('are words at the beginning, in any case, with or without a semicolon', () => {
    expect(parseCommand('HELP;')).toEqual({ name: 'help', argument: '' });
    expect(parseCommand("  run   script '/tmp/a b.sql' ;")).toEqual({ name: 'run script', argument: '/tmp/a b.sql' });
    expect(parseCommand('set cli wrap off')).toEqual({ name: 'set cli', argument: 'wrap off' });
    expect(parseCommand('output JSON')).toEqual({ name: 'output', argument: 'JSON' });
  });

  test('statements are none', () => {
    for (const text of ["SET 'a'='b';", 'SHOW STREAMS;', 'helper', 'SELECT 1;', ''])
      expect(parseCommand(text)).toBeNull();
  });
});

describe('a text is cut into commands and statements', () => {
  const parts = (text: string) => splitInput(text).map((item) => (item.kind === 'sql' ? item.text : item.call.name));

  test('neighbouring statements stay together', () => {
    expect(parts('SELECT 1;\nSELECT 2;\noutput json\nSELECT 3')).toEqual([
      'SELECT 1;\nSELECT 2;',
      'output',
      'SELECT 3',
    ]);
  });

  test('a command needs no semicolon, also before a statement', () => {
    expect(parts('history\n\n-- a comment\nSELECT 1;\nexit')).toEqual(['history', 'SELECT 1;', 'exit']);
  });

  test('words of commands inside statements are none', () => {
    expect(parts("INSERT INTO a VALUES ('x\nexit\n');")).toEqual(["INSERT INTO a VALUES ('x\nexit\n');"]);
    expect(parts('SELECT a,\nb\nFROM c;')).toEqual(['SELECT a,\nb\nFROM c;']);
  });

  test('statements know where they stand', () => {
    const [, sql] = splitInput('version\n\n  SELECT 1;');
    expect(sql).toMatchObject({ kind: 'sql', start: 9, line: 3 });
  });
});

describe('of a growing text the whole part can be run', () => {
  test.each([
    ['SELECT 1;\nSELECT', 9],
    ['SELECT 1;\nSELECT 2\n', 10],
    ["INSERT INTO a VALUES (';\n", 0],
    ['help\nSELECT\n', 5],
    ['help\n', 5],
    ['-- nothing\n', 11],
    ['SELECT 1', 0],
  ])('%j', (text, length) => {
    expect(completeLength(text)).toBe(length);
  });
});
