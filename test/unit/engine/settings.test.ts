import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkSettable,
  checkValue,
  fullName,
  IGNORED_SETTINGS,
  SETTINGS,
  Settings,
  settingNamed,
} from '../../../src/engine/settings.js';
import { open } from './engine-fixture.js';

describe('names of settings', () => {
  it.each([
    ['auto.offset.reset', 'ksql.streams.auto.offset.reset'],
    ['ksql.streams.auto.offset.reset', 'ksql.streams.auto.offset.reset'],
    ['ksql.streams.consumer.auto.offset.reset', 'ksql.streams.auto.offset.reset'],
    ['ksql.auto.offset.reset', 'ksql.streams.auto.offset.reset'],
    ['query.pull.table.scan.enabled', 'ksql.query.pull.table.scan.enabled'],
    ['processing.guarantee', 'ksql.streams.processing.guarantee'],
    ['millrace.dialect', 'millrace.dialect'],
  ])('%s is %s', (written, full) => {
    expect(fullName(written)).toBe(full);
  });

  it('are understood in full, one and all', () => {
    for (const { name } of SETTINGS) {
      expect(fullName(name)).toBe(name);
      expect(settingNamed(name)?.name).toBe(name);
    }
    for (const name of IGNORED_SETTINGS) expect(fullName(name)).toBe(name);
  });

  it('are defined once, and not ignored as well', () => {
    const names = [...SETTINGS.map((s) => s.name), ...IGNORED_SETTINGS];
    expect(names.length).toBe(new Set(names).size);
  });

  it('that nobody knows are refused, and the nearest is named', () => {
    expect(() => checkSettable('ksql.query.pull.tablescan.enabled')).toThrow(
      expect.objectContaining({ code: 'unknown-property', hint: 'Did you mean ksql.query.pull.table.scan.enabled?' }),
    );
    expect(() => checkSettable('colour')).toThrow(
      expect.objectContaining({ hint: 'LIST PROPERTIES shows all properties.' }),
    );
  });

  it('of the server cannot be overridden', () => {
    for (const { name, level } of SETTINGS) {
      if (level === 'QUERY') expect(checkSettable(name)).toBe(name);
      else if (name !== 'ksql.streams.commit.interval.ms') {
        expect(() => checkSettable(name)).toThrow(expect.objectContaining({ code: 'prohibited-property' }));
      }
    }
  });

  it('never break on any text', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(['string', 'object']).toContain(typeof fullName(name));
      }),
    );
  });
});

describe('values of settings', () => {
  it('have defaults of their own kind', () => {
    for (const { name, default: value } of SETTINGS) if (value !== null) expect(checkValue(name, value)).toBe(value);
  });

  it.each([
    ['ksql.query.pull.table.scan.enabled', 'yes'],
    ['ksql.streams.cache.max.bytes.buffering', '1.5'],
    ['ksql.streams.cache.max.bytes.buffering', ''],
    ['auto.offset.reset', 'middle'],
  ])('%s cannot be %j', (name, value) => {
    expect(() => checkValue(name, value)).toThrow(expect.objectContaining({ code: 'invalid-property' }));
  });

  it('of a session go over those of the server, which go over the defaults', () => {
    const settings = new Settings({ 'query.pull.table.scan.enabled': 'false', 'client.id': 'x' });
    const name = 'ksql.query.pull.table.scan.enabled';
    expect(settings.flag(name)).toBe(false);
    expect(settings.flag(name, new Map([[name, 'true']]))).toBe(true);
    expect(settings.get('ksql.service.id')).toBe('default_');
    expect(settings.get('ksql.persistence.default.format.value')).toBeNull();
    expect([...settings.configured]).toEqual([name]);
  });

  it('are checked where the server is configured', () => {
    expect(() => new Settings({ 'cache.max.bytes.buffering': 'much' })).toThrow(
      expect.objectContaining({ code: 'invalid-property' }),
    );
  });
});

describe('LIST PROPERTIES', () => {
  it('shows no secrets', async () => {
    const engine = await open({
      settings: { 'ksql.schema.registry.basic.auth.user.info': 'ann:hunter2', 'ksql.service.id': 'shown_' },
    });
    const [entity] = await engine.execute('LIST PROPERTIES;');
    const text = JSON.stringify(entity);
    expect(text).toContain('"name":"ksql.schema.registry.basic.auth.user.info","scope":"KSQL","value":"[hidden]"');
    expect(text).toContain('shown_');
    expect(text).not.toContain('hunter2');
  });
});
