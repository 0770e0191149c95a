// Made by tools/aws-models.ts from botocore 1.44.5. Do not edit.

export interface AssumeRoleRequest {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly PolicyArns?: readonly PolicyDescriptorType[] | undefined;
  readonly Policy?: string | undefined;
  readonly DurationSeconds?: number | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
  readonly ExternalId?: string | undefined;
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
  readonly SourceIdentity?: string | undefined;
  readonly ProvidedContexts?: readonly ProvidedContext[] | undefined;
  readonly MinimumSessionTokenSize?: number | undefined;
}

export interface AssumeRoleResponse {
  readonly Credentials?: Credentials | undefined;
  readonly AssumedRoleUser?: AssumedRoleUser | undefined;
  readonly PackedPolicySize?: number | undefined;
  readonly SourceIdentity?: string | undefined;
  readonly SessionTokenUtilization?: number | undefined;
  readonly SessionTokenSize?: number | undefined;
}

export interface AssumedRoleUser {
  readonly AssumedRoleId: string;
  readonly Arn: string;
}

export interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: Date;
}

export interface DecodeAuthorizationMessageRequest {
  readonly EncodedMessage: string;
}

export interface DecodeAuthorizationMessageResponse {
  readonly DecodedMessage?: string | undefined;
}

export interface ExpiredTokenException {
  readonly message?: string | undefined;
}

export interface FederatedUser {
  readonly FederatedUserId: string;
  readonly Arn: string;
}

export interface GetAccessKeyInfoRequest {
  readonly AccessKeyId: string;
}

export interface GetAccessKeyInfoResponse {
  readonly Account?: string | undefined;
}

export type GetCallerIdentityRequest = object;

export interface GetCallerIdentityResponse {
  readonly UserId?: string | undefined;
  readonly Account?: string | undefined;
  readonly Arn?: string | undefined;
}

export interface GetFederationTokenRequest {
  readonly Name: string;
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly PolicyDescriptorType[] | undefined;
  readonly DurationSeconds?: number | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly MinimumSessionTokenSize?: number | undefined;
}

export interface GetFederationTokenResponse {
  readonly Credentials?: Credentials | undefined;
  readonly FederatedUser?: FederatedUser | undefined;
  readonly PackedPolicySize?: number | undefined;
  readonly SessionTokenUtilization?: number | undefined;
  readonly SessionTokenSize?: number | undefined;
}

export interface GetSessionTokenRequest {
  readonly DurationSeconds?: number | undefined;
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
  readonly MinimumSessionTokenSize?: number | undefined;
}

export interface GetSessionTokenResponse {
  readonly Credentials?: Credentials | undefined;
  readonly SessionTokenUtilization?: number | undefined;
  readonly SessionTokenSize?: number | undefined;
}

export interface InvalidAuthorizationMessageException {
  readonly message?: string | undefined;
}

export interface MalformedPolicyDocumentException {
  readonly message?: string | undefined;
}

export interface PackedPolicyTooLargeException {
  readonly message?: string | undefined;
}

export interface PolicyDescriptorType {
  readonly arn?: string | undefined;
}

export interface ProvidedContext {
  readonly ProviderArn?: string | undefined;
  readonly ContextAssertion?: string | undefined;
}

export interface RegionDisabledException {
  readonly message?: string | undefined;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface StsOperations {
  readonly AssumeRole: { readonly input: AssumeRoleRequest; readonly output: AssumeRoleResponse };
  readonly DecodeAuthorizationMessage: {
    readonly input: DecodeAuthorizationMessageRequest;
    readonly output: DecodeAuthorizationMessageResponse;
  };
  readonly GetAccessKeyInfo: {
    readonly input: GetAccessKeyInfoRequest;
    readonly output: GetAccessKeyInfoResponse;
  };
  readonly GetCallerIdentity: {
    readonly input: GetCallerIdentityRequest;
    readonly output: GetCallerIdentityResponse;
  };
  readonly GetFederationToken: {
    readonly input: GetFederationTokenRequest;
    readonly output: GetFederationTokenResponse;
  };
  readonly GetSessionToken: {
    readonly input: GetSessionTokenRequest;
    readonly output: GetSessionTokenResponse;
  };
}
