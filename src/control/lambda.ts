/**
 * What Lambda's API changes: functions with their versions, aliases and concurrency, layers, a function's
 * settings, event source mappings, code signing configurations, capacity providers.
 */
import { createFunctions, type Functions, type FunctionsOptions } from './functions/index.ts';
import { createLayers, type Layers } from './layers/index.ts';
import { createMappings, type Mappings } from './mappings/index.ts';
import { createRecords, type Records } from './records/index.ts';
import { createSettings, type Settings } from './settings/index.ts';

export interface LambdaControl {
  readonly functions: Functions;
  readonly layers: Layers;
  readonly settings: Settings;
  readonly mappings: Mappings;
  readonly codeSigning: Records;
  readonly capacityProviders: Records;
}

export interface LambdaControlOptions extends FunctionsOptions {
  /** UUIDs. */
  readonly newId: () => string;
  /** A host label that nobody has had before. */
  readonly newUrlId: () => string;
}

export function createLambdaControl(options: LambdaControlOptions): LambdaControl {
  return {
    functions: createFunctions(options),
    layers: createLayers(options),
    settings: createSettings(options),
    mappings: createMappings(options),
    codeSigning: createRecords(options.sql, 'code-signing'),
    capacityProviders: createRecords(options.sql, 'capacity-provider'),
  };
}
