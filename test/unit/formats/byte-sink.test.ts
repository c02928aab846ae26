import { expect, it } from 'vitest';
import { GrowableSink } from '../../../src/formats/byte-sink.js';
import { RepeatedText, writeUtf8 } from '../../../src/formats/byte-text.js';

it('grows and keeps what was written', () => {
  const sink = new GrowableSink(4);
  writeUtf8(sink, 'abc');
  writeUtf8(sink, 'é'.repeat(3000));
  expect(sink.copy().toString()).toBe(`abc${'é'.repeat(3000)}`);
  expect(sink.copy(3).length).toBe(6000);
});

it('is used again after a reset, without touching copies', () => {
  const sink = new GrowableSink();
  writeUtf8(sink, 'first');
  const copy = sink.copy();
  sink.reset();
  writeUtf8(sink, 'second');
  expect([copy.toString(), sink.copy().toString()]).toEqual(['first', 'second']);
});

it('gives the same text again, and right ones when texts never repeat', () => {
  const texts = new RepeatedText();
  for (let i = 0; i < 30_000; i++) {
    const text = i % 2 === 0 ? `repeated-${i % 10}` : `unique-${i}`;
    if (texts.read(Buffer.from(text), 0, text.length) !== text) expect.fail(text);
  }
});

it.each(Array.from({ length: 40 }, (_, length) => length))('reads %i bytes', (length) => {
  const text = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH'.slice(0, length);
  expect(new RepeatedText().read(Buffer.from(`xx${text}yy`), 2, 2 + length)).toBe(text);
});
