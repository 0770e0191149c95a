// Made by tools/aws-models.ts from botocore 1.44.5. Do not edit.

export interface AccessKey {
  readonly UserName: string;
  readonly AccessKeyId: string;
  readonly Status: StatusType;
  readonly SecretAccessKey: string;
  readonly CreateDate?: Date | undefined;
}

export interface AccessKeyLastUsed {
  readonly LastUsedDate?: Date | undefined;
  readonly ServiceName: string;
  readonly Region: string;
}

export interface AccessKeyMetadata {
  readonly UserName?: string | undefined;
  readonly AccessKeyId?: string | undefined;
  readonly Status?: StatusType | undefined;
  readonly CreateDate?: Date | undefined;
}

export interface AttachRolePolicyRequest {
  readonly RoleName: string;
  readonly PolicyArn: string;
}

export interface AttachUserPolicyRequest {
  readonly UserName: string;
  readonly PolicyArn: string;
}

export interface AttachedPermissionsBoundary {
  readonly PermissionsBoundaryType?: PermissionsBoundaryAttachmentType | undefined;
  readonly PermissionsBoundaryArn?: string | undefined;
}

export interface AttachedPolicy {
  readonly PolicyName?: string | undefined;
  readonly PolicyArn?: string | undefined;
}

export type AttachmentType = 'user' | 'group' | 'role';

export interface ConcurrentModificationException {
  readonly message?: string | undefined;
}

export interface ContextEntry {
  readonly ContextKeyName?: string | undefined;
  readonly ContextKeyValues?: readonly string[] | undefined;
  readonly ContextKeyType?: ContextKeyTypeEnum | undefined;
}

export type ContextKeyTypeEnum =
  | 'string'
  | 'stringList'
  | 'numeric'
  | 'numericList'
  | 'boolean'
  | 'booleanList'
  | 'ip'
  | 'ipList'
  | 'binary'
  | 'binaryList'
  | 'date'
  | 'dateList';

export interface CreateAccessKeyRequest {
  readonly UserName?: string | undefined;
}

export interface CreateAccessKeyResponse {
  readonly AccessKey: AccessKey;
}

export interface CreatePolicyRequest {
  readonly PolicyName: string;
  readonly Path?: string | undefined;
  readonly PolicyDocument: string;
  readonly Description?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

export interface CreatePolicyResponse {
  readonly Policy?: Policy | undefined;
}

export interface CreatePolicyVersionRequest {
  readonly PolicyArn: string;
  readonly PolicyDocument: string;
  readonly SetAsDefault?: boolean | undefined;
}

export interface CreatePolicyVersionResponse {
  readonly PolicyVersion?: PolicyVersion | undefined;
}

export interface CreateRoleRequest {
  readonly Path?: string | undefined;
  readonly RoleName: string;
  readonly AssumeRolePolicyDocument: string;
  readonly Description?: string | undefined;
  readonly MaxSessionDuration?: number | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

export interface CreateRoleResponse {
  readonly Role: Role;
}

export interface CreateServiceLinkedRoleRequest {
  readonly AWSServiceName: string;
  readonly Description?: string | undefined;
  readonly CustomSuffix?: string | undefined;
}

export interface CreateServiceLinkedRoleResponse {
  readonly Role?: Role | undefined;
}

export interface CreateUserRequest {
  readonly Path?: string | undefined;
  readonly UserName: string;
  readonly PermissionsBoundary?: string | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

export interface CreateUserResponse {
  readonly User?: User | undefined;
}

export interface DeleteAccessKeyRequest {
  readonly UserName?: string | undefined;
  readonly AccessKeyId: string;
}

export interface DeleteConflictException {
  readonly message?: string | undefined;
}

export interface DeletePolicyRequest {
  readonly PolicyArn: string;
}

export interface DeletePolicyVersionRequest {
  readonly PolicyArn: string;
  readonly VersionId: string;
}

export interface DeleteRolePermissionsBoundaryRequest {
  readonly RoleName: string;
}

export interface DeleteRolePolicyRequest {
  readonly RoleName: string;
  readonly PolicyName: string;
}

export interface DeleteRoleRequest {
  readonly RoleName: string;
}

export interface DeleteUserPolicyRequest {
  readonly UserName: string;
  readonly PolicyName: string;
}

export interface DeleteUserRequest {
  readonly UserName: string;
}

export interface DetachRolePolicyRequest {
  readonly RoleName: string;
  readonly PolicyArn: string;
}

export interface DetachUserPolicyRequest {
  readonly UserName: string;
  readonly PolicyArn: string;
}

export interface EntityAlreadyExistsException {
  readonly message?: string | undefined;
}

export interface EntityTemporarilyUnmodifiableException {
  readonly message?: string | undefined;
}

export type EntityType = 'User' | 'Role' | 'Group' | 'LocalManagedPolicy' | 'AWSManagedPolicy';

export interface EvaluationResult {
  readonly EvalActionName: string;
  readonly EvalResourceName?: string | undefined;
  readonly EvalDecision: PolicyEvaluationDecisionType;
  readonly MatchedStatements?: readonly Statement[] | undefined;
  readonly MissingContextValues?: readonly string[] | undefined;
  readonly OrganizationsDecisionDetail?: OrganizationsDecisionDetail | undefined;
  readonly PermissionsBoundaryDecisionDetail?: PermissionsBoundaryDecisionDetail | undefined;
  readonly EvalDecisionDetails?: Readonly<Record<string, PolicyEvaluationDecisionType>> | undefined;
  readonly ResourceSpecificResults?: readonly ResourceSpecificResult[] | undefined;
}

export interface GetAccessKeyLastUsedRequest {
  readonly AccessKeyId: string;
}

export interface GetAccessKeyLastUsedResponse {
  readonly UserName?: string | undefined;
  readonly AccessKeyLastUsed?: AccessKeyLastUsed | undefined;
}

export interface GetPolicyRequest {
  readonly PolicyArn: string;
}

export interface GetPolicyResponse {
  readonly Policy?: Policy | undefined;
}

export interface GetPolicyVersionRequest {
  readonly PolicyArn: string;
  readonly VersionId: string;
}

export interface GetPolicyVersionResponse {
  readonly PolicyVersion?: PolicyVersion | undefined;
}

export interface GetRolePolicyRequest {
  readonly RoleName: string;
  readonly PolicyName: string;
}

export interface GetRolePolicyResponse {
  readonly RoleName: string;
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

export interface GetRoleRequest {
  readonly RoleName: string;
}

export interface GetRoleResponse {
  readonly Role: Role;
}

export interface GetUserPolicyRequest {
  readonly UserName: string;
  readonly PolicyName: string;
}

export interface GetUserPolicyResponse {
  readonly UserName: string;
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

export interface GetUserRequest {
  readonly UserName?: string | undefined;
}

export interface GetUserResponse {
  readonly User: User;
}

export interface Group {
  readonly Path: string;
  readonly GroupName: string;
  readonly GroupId: string;
  readonly Arn: string;
  readonly CreateDate: Date;
}

export interface InlinePolicyIdentifierType {
  readonly PolicyName: string;
  readonly AttachmentType: AttachmentType;
  readonly AttachmentName: string;
}

export interface InstanceProfile {
  readonly Path: string;
  readonly InstanceProfileName: string;
  readonly InstanceProfileId: string;
  readonly Arn: string;
  readonly CreateDate: Date;
  readonly Roles: readonly Role[];
  readonly Tags?: readonly Tag[] | undefined;
}

export interface InvalidInputException {
  readonly message?: string | undefined;
}

export interface LimitExceededException {
  readonly message?: string | undefined;
}

export interface ListAccessKeysRequest {
  readonly UserName?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListAccessKeysResponse {
  readonly AccessKeyMetadata: readonly AccessKeyMetadata[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListAccountAliasesRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListAccountAliasesResponse {
  readonly AccountAliases: readonly string[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListAttachedRolePoliciesRequest {
  readonly RoleName: string;
  readonly PathPrefix?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListAttachedRolePoliciesResponse {
  readonly AttachedPolicies?: readonly AttachedPolicy[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListAttachedUserPoliciesRequest {
  readonly UserName: string;
  readonly PathPrefix?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListAttachedUserPoliciesResponse {
  readonly AttachedPolicies?: readonly AttachedPolicy[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListEntitiesForPolicyRequest {
  readonly PolicyArn: string;
  readonly EntityFilter?: EntityType | undefined;
  readonly PathPrefix?: string | undefined;
  readonly PolicyUsageFilter?: PolicyUsageType | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListEntitiesForPolicyResponse {
  readonly PolicyGroups?: readonly PolicyGroup[] | undefined;
  readonly PolicyUsers?: readonly PolicyUser[] | undefined;
  readonly PolicyRoles?: readonly PolicyRole[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListGroupsForUserRequest {
  readonly UserName: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListGroupsForUserResponse {
  readonly Groups: readonly Group[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListInstanceProfilesForRoleRequest {
  readonly RoleName: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListInstanceProfilesForRoleResponse {
  readonly InstanceProfiles: readonly InstanceProfile[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListPoliciesRequest {
  readonly Scope?: PolicyScopeType | undefined;
  readonly OnlyAttached?: boolean | undefined;
  readonly PathPrefix?: string | undefined;
  readonly PolicyUsageFilter?: PolicyUsageType | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListPoliciesResponse {
  readonly Policies?: readonly Policy[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListPolicyTagsRequest {
  readonly PolicyArn: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListPolicyTagsResponse {
  readonly Tags: readonly Tag[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListPolicyVersionsRequest {
  readonly PolicyArn: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListPolicyVersionsResponse {
  readonly Versions?: readonly PolicyVersion[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListRolePoliciesRequest {
  readonly RoleName: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListRolePoliciesResponse {
  readonly PolicyNames: readonly string[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListRoleTagsRequest {
  readonly RoleName: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListRoleTagsResponse {
  readonly Tags: readonly Tag[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListRolesRequest {
  readonly PathPrefix?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListRolesResponse {
  readonly Roles: readonly Role[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListUserPoliciesRequest {
  readonly UserName: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListUserPoliciesResponse {
  readonly PolicyNames: readonly string[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListUserTagsRequest {
  readonly UserName: string;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListUserTagsResponse {
  readonly Tags: readonly Tag[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface ListUsersRequest {
  readonly PathPrefix?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface ListUsersResponse {
  readonly Users: readonly User[];
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface MalformedPolicyDocumentException {
  readonly message?: string | undefined;
}

export interface NoSuchEntityException {
  readonly message?: string | undefined;
}

export interface OrderedOrganizationPolicyType {
  readonly ServiceControlPolicyInputList?: readonly string[] | undefined;
}

export interface OrganizationsDecisionDetail {
  readonly AllowedByOrganizations?: boolean | undefined;
}

export type PermissionsBoundaryAttachmentType = 'PermissionsBoundaryPolicy';

export interface PermissionsBoundaryDecisionDetail {
  readonly AllowedByPermissionsBoundary?: boolean | undefined;
}

export interface Policy {
  readonly PolicyName?: string | undefined;
  readonly PolicyId?: string | undefined;
  readonly Arn?: string | undefined;
  readonly Path?: string | undefined;
  readonly DefaultVersionId?: string | undefined;
  readonly AttachmentCount?: number | undefined;
  readonly PermissionsBoundaryUsageCount?: number | undefined;
  readonly IsAttachable?: boolean | undefined;
  readonly Description?: string | undefined;
  readonly CreateDate?: Date | undefined;
  readonly UpdateDate?: Date | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

export type PolicyEvaluationDecisionType = 'allowed' | 'explicitDeny' | 'implicitDeny';

export interface PolicyEvaluationException {
  readonly message?: string | undefined;
}

export interface PolicyGroup {
  readonly GroupName?: string | undefined;
  readonly GroupId?: string | undefined;
}

export interface PolicyIdentifier {
  readonly PolicyType?: PolicyIdentifierPolicyType | undefined;
  readonly PolicyArn?: string | undefined;
  readonly InlinePolicyIdentifier?: InlinePolicyIdentifierType | undefined;
}

export type PolicyIdentifierPolicyType =
  | 'inline'
  | 'aws-managed'
  | 'user-managed'
  | 'permission-boundary'
  | 'scp'
  | 'rcp';

export interface PolicyNotAttachableException {
  readonly message?: string | undefined;
}

export interface PolicyRole {
  readonly RoleName?: string | undefined;
  readonly RoleId?: string | undefined;
}

export type PolicySourceType =
  | 'user'
  | 'group'
  | 'role'
  | 'aws-managed'
  | 'user-managed'
  | 'resource'
  | 'none';

export type PolicyUsageType = 'PermissionsPolicy' | 'PermissionsBoundary';

export interface PolicyUser {
  readonly UserName?: string | undefined;
  readonly UserId?: string | undefined;
}

export interface PolicyVersion {
  readonly Document?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly IsDefaultVersion?: boolean | undefined;
  readonly CreateDate?: Date | undefined;
}

export interface Position {
  readonly Line?: number | undefined;
  readonly Column?: number | undefined;
}

export interface PutRolePermissionsBoundaryRequest {
  readonly RoleName: string;
  readonly PermissionsBoundary: string;
}

export interface PutRolePolicyRequest {
  readonly RoleName: string;
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

export interface PutUserPolicyRequest {
  readonly UserName: string;
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

export interface ResourceSpecificResult {
  readonly EvalResourceName: string;
  readonly EvalResourceDecision: PolicyEvaluationDecisionType;
  readonly MatchedStatements?: readonly Statement[] | undefined;
  readonly MissingContextValues?: readonly string[] | undefined;
  readonly EvalDecisionDetails?: Readonly<Record<string, PolicyEvaluationDecisionType>> | undefined;
  readonly PermissionsBoundaryDecisionDetail?: PermissionsBoundaryDecisionDetail | undefined;
}

export interface Role {
  readonly Path: string;
  readonly RoleName: string;
  readonly RoleId: string;
  readonly Arn: string;
  readonly CreateDate: Date;
  readonly AssumeRolePolicyDocument?: string | undefined;
  readonly Description?: string | undefined;
  readonly MaxSessionDuration?: number | undefined;
  readonly PermissionsBoundary?: AttachedPermissionsBoundary | undefined;
  readonly Tags?: readonly Tag[] | undefined;
  readonly RoleLastUsed?: RoleLastUsed | undefined;
  readonly SourceRoleTemplate?: SourceRoleTemplate | undefined;
}

export interface RoleLastUsed {
  readonly LastUsedDate?: Date | undefined;
  readonly Region?: string | undefined;
}

export interface ServiceFailureException {
  readonly message?: string | undefined;
}

export interface SetDefaultPolicyVersionRequest {
  readonly PolicyArn: string;
  readonly VersionId: string;
}

export interface SimulateCustomPolicyRequest {
  readonly PolicyInputList: readonly string[];
  readonly PermissionsBoundaryPolicyInputList?: readonly string[] | undefined;
  readonly OrderedOrganizationPolicyInputList?: readonly OrderedOrganizationPolicyType[] | undefined;
  readonly ActionNames: readonly string[];
  readonly ResourceArns?: readonly string[] | undefined;
  readonly ResourcePolicy?: string | undefined;
  readonly ResourceOwner?: string | undefined;
  readonly CallerArn?: string | undefined;
  readonly ContextEntries?: readonly ContextEntry[] | undefined;
  readonly ResourceHandlingOption?: string | undefined;
  readonly MaxItems?: number | undefined;
  readonly Marker?: string | undefined;
}

export interface SimulatePolicyResponse {
  readonly EvaluationResults?: readonly EvaluationResult[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

export interface SimulatePrincipalPolicyRequest {
  readonly PolicySourceArn: string;
  readonly PolicyInputList?: readonly string[] | undefined;
  readonly PermissionsBoundaryPolicyInputList?: readonly string[] | undefined;
  readonly PolicyExclusionList?: readonly PolicyIdentifier[] | undefined;
  readonly ActionNames: readonly string[];
  readonly ResourceArns?: readonly string[] | undefined;
  readonly ResourcePolicy?: string | undefined;
  readonly ResourceOwner?: string | undefined;
  readonly CallerArn?: string | undefined;
  readonly ContextEntries?: readonly ContextEntry[] | undefined;
  readonly ResourceHandlingOption?: string | undefined;
  readonly MaxItems?: number | undefined;
  readonly Marker?: string | undefined;
}

export interface SourceRoleTemplate {
  readonly TemplateArn: string;
  readonly TemplateMinorVersion: number;
}

export interface Statement {
  readonly SourcePolicyId?: string | undefined;
  readonly SourcePolicyType?: PolicySourceType | undefined;
  readonly StartPosition?: Position | undefined;
  readonly EndPosition?: Position | undefined;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface TagPolicyRequest {
  readonly PolicyArn: string;
  readonly Tags: readonly Tag[];
}

export interface TagRoleRequest {
  readonly RoleName: string;
  readonly Tags: readonly Tag[];
}

export interface TagUserRequest {
  readonly UserName: string;
  readonly Tags: readonly Tag[];
}

export interface UnmodifiableEntityException {
  readonly message?: string | undefined;
}

export interface UntagPolicyRequest {
  readonly PolicyArn: string;
  readonly TagKeys: readonly string[];
}

export interface UntagRoleRequest {
  readonly RoleName: string;
  readonly TagKeys: readonly string[];
}

export interface UntagUserRequest {
  readonly UserName: string;
  readonly TagKeys: readonly string[];
}

export interface UpdateAccessKeyRequest {
  readonly UserName?: string | undefined;
  readonly AccessKeyId: string;
  readonly Status: StatusType;
}

export interface UpdateAssumeRolePolicyRequest {
  readonly RoleName: string;
  readonly PolicyDocument: string;
}

export interface UpdateRoleDescriptionRequest {
  readonly RoleName: string;
  readonly Description: string;
}

export interface UpdateRoleDescriptionResponse {
  readonly Role?: Role | undefined;
}

export interface UpdateRoleRequest {
  readonly RoleName: string;
  readonly Description?: string | undefined;
  readonly MaxSessionDuration?: number | undefined;
}

export type UpdateRoleResponse = object;

export interface UpdateUserRequest {
  readonly UserName: string;
  readonly NewPath?: string | undefined;
  readonly NewUserName?: string | undefined;
}

export interface User {
  readonly Path: string;
  readonly UserName: string;
  readonly UserId: string;
  readonly Arn: string;
  readonly CreateDate: Date;
  readonly PasswordLastUsed?: Date | undefined;
  readonly PermissionsBoundary?: AttachedPermissionsBoundary | undefined;
  readonly Tags?: readonly Tag[] | undefined;
}

export type PolicyScopeType = 'All' | 'AWS' | 'Local';

export type StatusType = 'Active' | 'Inactive' | 'Expired';

export interface IamOperations {
  readonly AttachRolePolicy: { readonly input: AttachRolePolicyRequest; readonly output: object };
  readonly AttachUserPolicy: { readonly input: AttachUserPolicyRequest; readonly output: object };
  readonly CreateAccessKey: {
    readonly input: CreateAccessKeyRequest;
    readonly output: CreateAccessKeyResponse;
  };
  readonly CreatePolicy: { readonly input: CreatePolicyRequest; readonly output: CreatePolicyResponse };
  readonly CreatePolicyVersion: {
    readonly input: CreatePolicyVersionRequest;
    readonly output: CreatePolicyVersionResponse;
  };
  readonly CreateRole: { readonly input: CreateRoleRequest; readonly output: CreateRoleResponse };
  readonly CreateServiceLinkedRole: {
    readonly input: CreateServiceLinkedRoleRequest;
    readonly output: CreateServiceLinkedRoleResponse;
  };
  readonly CreateUser: { readonly input: CreateUserRequest; readonly output: CreateUserResponse };
  readonly DeleteAccessKey: { readonly input: DeleteAccessKeyRequest; readonly output: object };
  readonly DeletePolicy: { readonly input: DeletePolicyRequest; readonly output: object };
  readonly DeletePolicyVersion: { readonly input: DeletePolicyVersionRequest; readonly output: object };
  readonly DeleteRole: { readonly input: DeleteRoleRequest; readonly output: object };
  readonly DeleteRolePermissionsBoundary: {
    readonly input: DeleteRolePermissionsBoundaryRequest;
    readonly output: object;
  };
  readonly DeleteRolePolicy: { readonly input: DeleteRolePolicyRequest; readonly output: object };
  readonly DeleteUser: { readonly input: DeleteUserRequest; readonly output: object };
  readonly DeleteUserPolicy: { readonly input: DeleteUserPolicyRequest; readonly output: object };
  readonly DetachRolePolicy: { readonly input: DetachRolePolicyRequest; readonly output: object };
  readonly DetachUserPolicy: { readonly input: DetachUserPolicyRequest; readonly output: object };
  readonly GetAccessKeyLastUsed: {
    readonly input: GetAccessKeyLastUsedRequest;
    readonly output: GetAccessKeyLastUsedResponse;
  };
  readonly GetPolicy: { readonly input: GetPolicyRequest; readonly output: GetPolicyResponse };
  readonly GetPolicyVersion: {
    readonly input: GetPolicyVersionRequest;
    readonly output: GetPolicyVersionResponse;
  };
  readonly GetRole: { readonly input: GetRoleRequest; readonly output: GetRoleResponse };
  readonly GetRolePolicy: { readonly input: GetRolePolicyRequest; readonly output: GetRolePolicyResponse };
  readonly GetUser: { readonly input: GetUserRequest; readonly output: GetUserResponse };
  readonly GetUserPolicy: { readonly input: GetUserPolicyRequest; readonly output: GetUserPolicyResponse };
  readonly ListAccessKeys: { readonly input: ListAccessKeysRequest; readonly output: ListAccessKeysResponse };
  readonly ListAccountAliases: {
    readonly input: ListAccountAliasesRequest;
    readonly output: ListAccountAliasesResponse;
  };
  readonly ListAttachedRolePolicies: {
    readonly input: ListAttachedRolePoliciesRequest;
    readonly output: ListAttachedRolePoliciesResponse;
  };
  readonly ListAttachedUserPolicies: {
    readonly input: ListAttachedUserPoliciesRequest;
    readonly output: ListAttachedUserPoliciesResponse;
  };
  readonly ListEntitiesForPolicy: {
    readonly input: ListEntitiesForPolicyRequest;
    readonly output: ListEntitiesForPolicyResponse;
  };
  readonly ListGroupsForUser: {
    readonly input: ListGroupsForUserRequest;
    readonly output: ListGroupsForUserResponse;
  };
  readonly ListInstanceProfilesForRole: {
    readonly input: ListInstanceProfilesForRoleRequest;
    readonly output: ListInstanceProfilesForRoleResponse;
  };
  readonly ListPolicies: { readonly input: ListPoliciesRequest; readonly output: ListPoliciesResponse };
  readonly ListPolicyTags: { readonly input: ListPolicyTagsRequest; readonly output: ListPolicyTagsResponse };
  readonly ListPolicyVersions: {
    readonly input: ListPolicyVersionsRequest;
    readonly output: ListPolicyVersionsResponse;
  };
  readonly ListRolePolicies: {
    readonly input: ListRolePoliciesRequest;
    readonly output: ListRolePoliciesResponse;
  };
  readonly ListRoleTags: { readonly input: ListRoleTagsRequest; readonly output: ListRoleTagsResponse };
  readonly ListRoles: { readonly input: ListRolesRequest; readonly output: ListRolesResponse };
  readonly ListUserPolicies: {
    readonly input: ListUserPoliciesRequest;
    readonly output: ListUserPoliciesResponse;
  };
  readonly ListUserTags: { readonly input: ListUserTagsRequest; readonly output: ListUserTagsResponse };
  readonly ListUsers: { readonly input: ListUsersRequest; readonly output: ListUsersResponse };
  readonly PutRolePermissionsBoundary: {
    readonly input: PutRolePermissionsBoundaryRequest;
    readonly output: object;
  };
  readonly PutRolePolicy: { readonly input: PutRolePolicyRequest; readonly output: object };
  readonly PutUserPolicy: { readonly input: PutUserPolicyRequest; readonly output: object };
  readonly SetDefaultPolicyVersion: {
    readonly input: SetDefaultPolicyVersionRequest;
    readonly output: object;
  };
  readonly SimulateCustomPolicy: {
    readonly input: SimulateCustomPolicyRequest;
    readonly output: SimulatePolicyResponse;
  };
  readonly SimulatePrincipalPolicy: {
    readonly input: SimulatePrincipalPolicyRequest;
    readonly output: SimulatePolicyResponse;
  };
  readonly TagPolicy: { readonly input: TagPolicyRequest; readonly output: object };
  readonly TagRole: { readonly input: TagRoleRequest; readonly output: object };
  readonly TagUser: { readonly input: TagUserRequest; readonly output: object };
  readonly UntagPolicy: { readonly input: UntagPolicyRequest; readonly output: object };
  readonly UntagRole: { readonly input: UntagRoleRequest; readonly output: object };
  readonly UntagUser: { readonly input: UntagUserRequest; readonly output: object };
  readonly UpdateAccessKey: { readonly input: UpdateAccessKeyRequest; readonly output: object };
  readonly UpdateAssumeRolePolicy: { readonly input: UpdateAssumeRolePolicyRequest; readonly output: object };
  readonly UpdateRole: { readonly input: UpdateRoleRequest; readonly output: UpdateRoleResponse };
  readonly UpdateRoleDescription: {
    readonly input: UpdateRoleDescriptionRequest;
    readonly output: UpdateRoleDescriptionResponse;
  };
  readonly UpdateUser: { readonly input: UpdateUserRequest; readonly output: object };
}
