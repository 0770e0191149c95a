/** Layers: published, listed, granted, deleted; and looked up for the functions that name them. */
export {
  createLayers,
  type LayerGrant,
  type LayerKey,
  type LayerPage,
  type Layers,
  layerArn,
  layerVersionArn,
  parseLayerVersionArn,
} from './layers.ts';
