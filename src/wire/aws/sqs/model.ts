/** SQS's model, read once. */
import { readModel, type ServiceModel } from '../protocol/index.ts';

let model: ServiceModel | null = null;

export function sqsModel(): ServiceModel {
  model ??= readModel('sqs');
  return model;
}
