import { stateStoreContract } from './state-store-contract.js';
import { sqliteHarness } from './state-store-harness.js';

stateStoreContract('SQLite file, everything cached', () => sqliteHarness(1e9, true));
stateStoreContract('SQLite in memory, nothing cached', () => sqliteHarness(0, false));
