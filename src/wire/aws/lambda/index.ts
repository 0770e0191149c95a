/** AWS Lambda's API. */
export { createPackageLinks, type PackageLinks } from './package-links.ts';
export type { LambdaParts } from './parts.ts';
export { lambdaService } from './service.ts';
