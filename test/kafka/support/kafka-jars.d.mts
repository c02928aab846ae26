export const DEFAULT_KAFKA_VERSION: string;
export function testedKafkaVersion(): string;
export function jarsFolder(version: string): string;
export function kafkaMissing(version?: string): string | null;
export function kafkaClassPath(version?: string): string;
export function fetchJars(pom: string, folder: string, goals: readonly string[]): void;
