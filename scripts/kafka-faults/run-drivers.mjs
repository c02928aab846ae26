import { startKafka } from '../../test/kafka/support/kafka-cluster.mjs';
import { runBrokerFaults } from './broker.mjs';
import { bundleSystem } from './bundle.mjs';
import { runKills } from './kill.mjs';
import { runNodes } from './nodes.mjs';
import { Random } from './random.mjs';

/** Nothing may be deleted or compacted behind the verdict's back. */
const BROKER_SETTINGS = { 'log.retention.check.interval.ms': 86_400_000, 'log.cleaner.enable': false };

/** Runs what the command says. Answers what was wrong, as sentences. */
export async function runDrivers(options) {
  const { command, version, folder, seed } = options;
  const system = await bundleSystem();
  const random = new Random(seed);
  const withBroker = async (run) => {
    const cluster = await startKafka({ version, settings: BROKER_SETTINGS });
    const kafka = system.client.openKafka({
      bootstrapServers: cluster.bootstrapServers.split(','),
      clientId: 'faults',
      log: () => {},
    });
    try {
      const { bootstrapServers } = cluster;
      return await run({ ...system, kafka, bootstrapServers, cluster, folder });
    } finally {
      await kafka.close();
      await cluster.close();
    }
  };
  const common = { rate: options.rate, slackSeconds: options.slack, random };
  const kill = (how) =>
    withBroker((environment) =>
      runKills({ everyKills: options.every, freshKills: options.fresh, ...common, ...how, environment }),
    );
  const nodes = (how) =>
    withBroker((environment) => runNodes({ nodes: options.nodes, ...common, ...how, environment }));
  const broker = (how) => runBrokerFaults({ only: options.only, folder, withBroker, ...common, ...how });
  const { guarantee } = options;
  switch (command) {
    case 'kill':
      return kill({ kills: options.kills, guarantee });
    case 'nodes':
      return nodes({ minutes: options.minutes, guarantee });
    case 'broker':
      return broker({ awaySeconds: options.away, guarantee });
    case 'ci':
      return [
        ...(await kill({ kills: 100, guarantee: 'exactly_once_v2' })),
        ...(await kill({ kills: 20, guarantee: 'at_least_once' })),
        ...(await nodes({ minutes: 1, guarantee: 'exactly_once_v2' })),
        ...(await broker({ awaySeconds: 15, guarantee: 'exactly_once_v2' })),
      ];
  }
}
