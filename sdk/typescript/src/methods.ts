// Written by `make docs` out of the API's document; do not edit.
import { Core, part, type Options } from "./core.js";
import type { Upload, UploadOptions } from "./upload.js";

export interface Accepted {
  postId: string;
  status: "QUEUED" | (string & {});
  warnings: Array<string>;
}

/** One account in use; `isOwn`: it was connected for that, and is logged out with it. */
export interface AccountSession {
  accountId: string;
  username: string;
  isOwn: boolean;
  createdAt: string;
  usedAt: string;
}

export interface AccountSessions {
  sessions: Array<AccountSession>;
}

/** `scopes` is comma-separated, empty for everything; `accountIds` null for all accounts. */
export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: string;
  accountIds: Array<string> | null;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

export interface ApiKeyList {
  keys: Array<ApiKey>;
}

export interface AuthCheck {
  authenticated: boolean;
  username: string | null;
}

export interface AuthMe {
  user: Owner;
  accounts: Array<InstagramAccount>;
}

/** `before` is what held until now; `decided` are the open stories that it was applied to. */
export interface AuthorRuled {
  username: string;
  rule: AuthorWish;
  before: AuthorWish;
  decided: Array<RepostItem>;
  refused: Array<RefusedDecision>;
}

export type AuthorWish =
  | "ask"
  | "always"
  | "never"
  | (string & {});

/** Story reposts were switched off by the engine itself; `remedy` says what closes it. */
export interface Breaker {
  since: string;
  reason: string;
  remedy: string;
}

/** The earliest first; `isCut` says that there are more than were returned. */
export interface Calendar {
  posts: Array<CalendarPost>;
  isCut: boolean;
}

/** One post of a calendar; `movable` says that it can be given another time. */
export interface CalendarPost {
  id: string;
  mediaType: MediaType;
  sourceType: SourceType;
  status: PostStatus;
  at: string;
  caption: string | null;
  errorMessage: string | null;
  thumbnailUrl: string | null;
  movable: boolean;
  isClose: boolean;
}

/** A card that was not posted; `image` is a `data:` URL; of a video, one picture. */
export interface CardPreview {
  kind: "photo" | "video" | (string & {});
  template: Template;
  image: string;
  width: number;
  height: number;
  sticker: StickerPlace | null;
}

/** `resolved: false` when Instagram wants one more code; the other fields say which. */
export interface ChallengeResult {
  success: boolean;
  resolved: boolean;
  message: string;
  contactPoint: string | null;
  challengeType: string | null;
}

export interface Cleared {
  success: boolean;
  clearedPostId: string;
}

/** Of a proxy only host and port are ever shown. */
export interface ClientOptions {
  proxy: string | null;
  locale: string | null;
  timezone: string | null;
  hasTotpSeed: boolean;
  warnings: Array<string>;
}

export interface CloudflareDiagnostics {
  version: string;
  hasEncryptionKey: boolean;
  lastCronRun: string | null;
  scheduledCount: number;
  repostConfigCount: number;
  pendingRepostCount: number;
  completedCount: number;
  failedCount: number;
  recentJobs: Array<unknown>;
  timestamp: string;
  offline: boolean;
  offlineReason: string;
}

export interface CloudflareStatus {
  isConfigured: boolean;
  isVerified: boolean;
  lastVerifiedAt: string | null;
  r2Configured: boolean;
  workerConfigured: boolean;
  r2BucketName: string | null;
  r2PublicUrl: string | null;
  workerUrl: string | null;
  hasStoredApiToken: boolean;
}

export interface Completions {
  posts: Array<Post>;
}

export interface Count {
  accountId: string;
  status: string;
  count: number;
}

/** How many posts and mentions each account has in each state; what has none is left out. */
export interface Counts {
  posts: Array<Count>;
  reposts: Array<Count>;
}

export interface CredentialsProbe {
  configured: boolean;
  igUsername: string | null;
  lastLoginAt: string | null;
  challengeState: string | null;
  hasSession: boolean;
}

export interface CronStatus {
  configured: boolean;
  crons: Array<CronTrigger>;
  hasCron: boolean;
  lastCronRun: string | null;
  modified_on: string | null;
}

export interface CronTrigger {
  cron: string;
}

/** What went out on a day, which is written 2026-11-28. */
export interface DayCount {
  day: string;
  posts: number;
  reposts: number;
}

/** `cameSince` (additive) says how many wait that came, or came back, after `asOf`. */
export interface Decided {
  decided: Array<RepostItem>;
  refused: Array<RefusedDecision>;
  cameSince: number | null;
}

export interface DeletedFromInstagram {
  success: boolean;
  wasDeletedFromInstagram: boolean;
  clearedPostId: string;
  deleteError: string | null;
  permalink: string | null;
}

export type DeliveryStatus =
  | "PENDING"
  | "DELIVERED"
  | "FAILED"
  | (string & {});

/** A post as it is after a change, with what its owner should know before it goes out. */
export interface EditedPost {
  id: string;
  userId: string;
  instagramAccountId: string;
  mediaType: MediaType;
  sourceType: SourceType;
  caption: string | null;
  hashtags: string | null;
  locationId: string | null;
  locationName: string | null;
  userTags: string | null;
  collaborators: string | null;
  storyMentions: string | null;
  storyStickers: string | null;
  altTexts: string | null;
  publishedViaPrivateApi: boolean;
  crossPostToFacebook: boolean;
  facebookPostId: string | null;
  facebookPermalink: string | null;
  isScheduled: boolean;
  scheduledFor: string | null;
  timezone: string;
  status: PostStatus;
  igContainerId: string | null;
  igMediaId: string | null;
  igPermalink: string | null;
  cloudflareJobId: string | null;
  r2MediaKey: string | null;
  errorMessage: string | null;
  errorCode: string | null;
  retryCount: number;
  lastAttemptAt: string | null;
  publishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  thumbnailUrl: string | null;
  mediaFiles: Array<MediaFile>;
  version: string;
  warnings: Array<string>;
}

/** Stable; docs/errors.md says what each means and what to do. */
export type ErrorCode =
  | "VALIDATION_ERROR"
  | "INVALID_PARAM"
  | "MISSING_PARAM"
  | "MISSING_ACCOUNT_ID"
  | "INVALID_CODE"
  | "INVALID_STATUS"
  | "INVALID_SCHEDULE"
  | "INVALID_CAROUSEL"
  | "INVALID_TAGS"
  | "INVALID_MENTIONS"
  | "INVALID_STICKERS"
  | "INVALID_COLLABORATORS"
  | "INVALID_CROSS_POST"
  | "MEDIA_INVALID"
  | "UPLOAD_ERROR"
  | "NO_MEDIA_ID"
  | "STORIES_CANNOT_DELETE"
  | "PRIVATE_API_REQUIRED"
  | "CREDENTIALS_NOT_CONFIGURED"
  | "NO_ACTIVE_SESSION"
  | "CLOUDFLARE_NOT_CONFIGURED"
  | "AUTH_REQUIRED"
  | "AUTH_INVALID_KEY"
  | "TOKEN_INVALID"
  | "TOKEN_EXPIRED"
  | "LOGIN_FAILED"
  | "TWO_FACTOR_REQUIRED"
  | "COOKIE_AUTH_REQUIRED"
  | "INSUFFICIENT_SCOPE"
  | "FORBIDDEN_ORIGIN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "IDEMPOTENCY_IN_FLIGHT"
  | "STALE_EDIT"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "IDEMPOTENCY_MISMATCH"
  | "PROCESSING_FAILED"
  | "VIDEO_PROCESSING_FAILED"
  | "RATE_LIMITED"
  | "LOGIN_RATE_LIMITED"
  | "INTERNAL_ERROR"
  | "WORKER_UNREACHABLE"
  | "SERVICE_UNAVAILABLE"
  | "PUBLIC_URL_REQUIRED"
  | "SCHEDULE_MISSED"
  | "DELIVERY_UNKNOWN"
  | (string & {});

/** Every failure of every operation (contract §2). */
export interface ErrorResponse {
  error: string;
  code: ErrorCode;
  status: number;
  details: unknown;
  retryAfter: number | null;
}

/** One change of state; ids rise and are never used again. */
export interface Event {
  id: number;
  type: string;
  at: string;
  accountId: string | null;
  subject: string;
  subjectId: string;
  state: string;
  reason: string | null;
  via: string | null;
}

/** Events, oldest first; `next` is the `since` to go on from. */
export interface EventPage {
  events: Array<Event>;
  next: number;
  reset: boolean;
}

/** Whether a file fits a kind of post; `reason` says why not. */
export interface FormatFit {
  mediaType: MediaType;
  reason: string | null;
}

export interface Health {
  status: "healthy" | "degraded" | "unhealthy" | (string & {});
  timestamp: string;
  services: Record<string, unknown>;
  uptime: number;
}

/** What holds the engine back now; `until` is null when only a person can end it. */
export interface Holding {
  rail: string;
  reason: string;
  until: string | null;
}

export interface IgVersion {
  currentVersion: string;
  latestVersion: string | null;
  isOutdated: boolean;
  lastCheckedAt: string | null;
}

/** `days` are those on which anything went out, the oldest first; `mentionsByHour` has seven weekdays from Monday on, of 24 hours each, over 90 days; `isCut` says that there was more than is counted. */
export interface Insights {
  timezone: string;
  since: string;
  days: Array<DayCount>;
  mentionsByHour: Array<Array<number>>;
  lateness: Array<LatePost>;
  warmUp: WarmUp | null;
  isCut: boolean;
}

export interface InstagramAccount {
  id: string;
  igUserId: string;
  username: string;
  name: string | null;
  profilePictureUrl: string | null;
  accountType: string | null;
  facebookPageId: string | null;
  facebookPageName: string | null;
  tokenExpiresAt: string | null;
  loginMethod: "instagram" | "facebook" | (string & {});
  followersCount: number | null;
  mediaCount: number | null;
  lastSyncedAt: string | null;
  createdAt: string;
}

/** The newest first. They lie beside the database, in `copies`. */
export interface KeptCopies {
  copies: Array<KeptCopy>;
}

export interface KeptCopy {
  name: string;
  madeAt: string;
  size: number;
}

export interface KvKey {
  name: string;
}

export interface KvList {
  configured: boolean;
  keys: Array<KvKey>;
  keyCount: number;
  metaValues: Record<string, unknown>;
}

/** A planned post, and how long after its time it was on Instagram. */
export interface LatePost {
  postId: string;
  dueAt: string;
  lateMs: number;
}

/** A page of the library, newest first; `bytes` is what all of the chosen files take. */
export interface Library {
  files: Array<LibraryFile>;
  total: number;
  bytes: number;
  hasMore: boolean;
}

/** A file with what it fits and the posts that show it, the newest five of `usedBy`. */
export interface LibraryFile {
  id: string;
  originalFilename: string;
  storagePath: string;
  mimeType: string;
  fileSize: number;
  width: number | null;
  height: number | null;
  durationSeconds: number | null;
  aspectRatio: string | null;
  isValid: boolean;
  validationErrors: string | null;
  thumbnailPath: string | null;
  processedPath: string | null;
  createdAt: string;
  previewUrl: string | null;
  publicUrl: string | null;
  thumbnailUrl: string | null;
  thumbnailPreviewUrl: string | null;
  fits: Array<FormatFit>;
  shownIn: Array<ShownIn>;
  usedBy: number;
  isPlanned: boolean;
}

/** What a login link ends with; whoever has it first is signed in. */
export interface LoginCode {
  code: string;
}

export interface LoginResult {
  success: boolean;
  message: string;
  challengeRequired: boolean;
  contactPoint: string | null;
  challengeType: string | null;
  versionWarning: string | null;
}

/** A small picture of a card; `image` is a `data:` URL, `sample` what it was drawn on. */
export interface Look {
  template: Template;
  sample: "last" | "tall" | "wide" | "dark" | "bright" | "video" | (string & {});
  image: string;
}

/** What a check of `reprise doctor` found; `mend` says what to do where something is. */
export interface MachineFinding {
  check: string;
  state: "OK" | "warning" | "problem" | (string & {});
  text: string;
  mend: string | null;
}

export interface MachineFindings {
  ok: boolean;
  findings: Array<MachineFinding>;
}

export interface MediaFile {
  id: string;
  originalFilename: string;
  storagePath: string;
  mimeType: string;
  fileSize: number;
  width: number | null;
  height: number | null;
  durationSeconds: number | null;
  aspectRatio: string | null;
  isValid: boolean;
  validationErrors: string | null;
  thumbnailPath: string | null;
  processedPath: string | null;
  createdAt: string;
  previewUrl: string | null;
  publicUrl: string | null;
  thumbnailUrl: string | null;
  thumbnailPreviewUrl: string | null;
}

export interface MediaList {
  files: Array<MediaFile>;
  total: number;
  hasMore: boolean;
}

/** A file as it would be sent; of a video, its first picture. `image` is a `data:` URL. */
export interface MediaPreview {
  image: string;
  width: number;
  height: number;
  change: string;
}

export type MediaType =
  | "IMAGE"
  | "REELS"
  | "STORIES"
  | "CAROUSEL"
  | (string & {});

export interface NewApiKey {
  key: ApiKey;
  fullKey: string;
}

/** `secret` is shown this once; messages are signed with it (Standard Webhooks). */
export interface NewWebhook {
  webhook: Webhook;
  secret: string;
}

export interface Owner {
  id: string;
}

/** An account that was not scanned, and why. */
export interface PassedOver {
  accountId: string;
  reason: string;
}

/** What a person needs to decide about a mention; it is dropped at `decide_before`. */
export interface PendingRepost {
  id: string;
  accountId: string;
  status: RepostStatus;
  reason: string | null;
  heldUntil: string | null;
  originalUsername: string;
  kind: string | null;
  storyPk: string;
  source: string;
  mentionedAt: string;
  expiresAt: string;
  postId: string | null;
  permalink: string | null;
  createdAt: string;
  updatedAt: string;
  caption: string | null;
  previewUrl: string | null;
  storyUrl: string | null;
  cardUrl: string | null;
  thumbnailUrl: string | null;
  limits: Array<RepostLimit>;
  warning: string | null;
  template: Template | null;
  username: string;
  decideBefore: string;
  authorFollowers: number | null;
}

/** `next` is the `after` of the next page, null on the last one. */
export interface PendingReposts {
  reposts: Array<PendingRepost>;
  next: string | null;
  asOf: number;
}

export type PollStatus =
  | "SUCCESS"
  | "FAILED"
  | "NO_MENTIONS"
  | (string & {});

/** The contract's `Post`; tags, collaborators, mentions and stickers are JSON texts, or null. */
export interface Post {
  id: string;
  userId: string;
  instagramAccountId: string;
  mediaType: MediaType;
  sourceType: SourceType;
  caption: string | null;
  hashtags: string | null;
  locationId: string | null;
  locationName: string | null;
  userTags: string | null;
  collaborators: string | null;
  storyMentions: string | null;
  storyStickers: string | null;
  altTexts: string | null;
  publishedViaPrivateApi: boolean;
  crossPostToFacebook: boolean;
  facebookPostId: string | null;
  facebookPermalink: string | null;
  isScheduled: boolean;
  scheduledFor: string | null;
  timezone: string;
  status: PostStatus;
  igContainerId: string | null;
  igMediaId: string | null;
  igPermalink: string | null;
  cloudflareJobId: string | null;
  r2MediaKey: string | null;
  errorMessage: string | null;
  errorCode: string | null;
  retryCount: number;
  lastAttemptAt: string | null;
  publishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  thumbnailUrl: string | null;
  mediaFiles: Array<MediaFile>;
}

/** One change of a post's state; `via` is how somebody asked for it, null where nobody did. */
export interface PostChange {
  state: string;
  reason: string | null;
  at: string;
  via: string | null;
}

/** Every change of a post's state that is kept, oldest first. */
export interface PostChanges {
  changes: Array<PostChange>;
}

export interface PostList {
  posts: Array<Post>;
  total: number;
  page: number;
  limit: number;
  hasMore: boolean;
}

export type PostStatus =
  | "DRAFT"
  | "SCHEDULED"
  | "QUEUED"
  | "PROCESSING"
  | "PUBLISHING"
  | "PUBLISHED"
  | "FAILED"
  | (string & {});

/** How reposts go out. AUTO: by the official API where it can, else by the private one. */
export type PublishRoute =
  | "auto"
  | "official"
  | "private"
  | (string & {});

export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
  total: number;
}

export interface QueueStatus {
  queue: "local-sqlite" | (string & {});
  counts: QueueCounts;
}

/** From and until which time of day only what cannot wait is told; null where never. */
export interface QuietHours {
  begins: string | null;
  ends: string | null;
  timezone: string | null;
}

/** What one rail says now; `until` is null where it is open, or only a person ends it. */
export interface Rail {
  name: string;
  says: string;
  holds: boolean;
  until: string | null;
}

/** `warmUp` is empty once the login is 30 days old. */
export interface Rails {
  rails: Array<Rail>;
  warmUp: Array<WarmUpStep>;
}

/** Where somebody is told; `service` is all that is shown of its URL. */
export interface Recipient {
  id: string;
  name: string | null;
  service: string;
  accountIds: Array<string> | null;
  createdAt: string;
  disabledAt: string | null;
  disabledReason: string | null;
  lastFailedAt: string | null;
}

export interface RecipientList {
  recipients: Array<Recipient>;
}

/** How many messages are sent again. */
export interface Recovered {
  count: number;
}

export interface RefusedDecision {
  id: string;
  reason: string;
}

/** A mention with every change of its state, oldest first. */
export interface RepostDetails {
  id: string;
  accountId: string;
  status: RepostStatus;
  reason: string | null;
  heldUntil: string | null;
  originalUsername: string;
  kind: string | null;
  storyPk: string;
  source: string;
  mentionedAt: string;
  expiresAt: string;
  postId: string | null;
  permalink: string | null;
  createdAt: string;
  updatedAt: string;
  caption: string | null;
  previewUrl: string | null;
  storyUrl: string | null;
  cardUrl: string | null;
  thumbnailUrl: string | null;
  limits: Array<RepostLimit>;
  warning: string | null;
  template: Template | null;
  events: Array<RepostEvent>;
  look: string | null;
}

export interface RepostEvent {
  state: RepostStatus;
  reason: string | null;
  at: string;
  via: string | null;
}

/** `next` is the `after` of the next page, null on the last one. */
export interface RepostHistory {
  reposts: Array<RepostItem>;
  next: string | null;
}

export interface RepostItem {
  id: string;
  accountId: string;
  status: RepostStatus;
  reason: string | null;
  heldUntil: string | null;
  originalUsername: string;
  kind: string | null;
  storyPk: string;
  source: string;
  mentionedAt: string;
  expiresAt: string;
  postId: string | null;
  permalink: string | null;
  createdAt: string;
  updatedAt: string;
  caption: string | null;
  previewUrl: string | null;
  storyUrl: string | null;
  cardUrl: string | null;
  thumbnailUrl: string | null;
  limits: Array<RepostLimit>;
  warning: string | null;
  template: Template | null;
}

/** What keeps a mention from going out without a person's word, or is to be known before. */
export type RepostLimit =
  | "CLOSE_FRIENDS"
  | "FEW"
  | "NO_RESHARE"
  | "PAID"
  | "SENSITIVE"
  | "PRIVATE_AUTHOR"
  | "ECHO"
  | "UNSURE"
  | "UNNAMED"
  | (string & {});

export type RepostStatus =
  | "DETECTED"
  | "DOWNLOADED"
  | "WAITING_APPROVAL"
  | "QUEUED"
  | "PUBLISHED"
  | "SKIPPED"
  | "EXPIRED"
  | "FAILED"
  | (string & {});

export interface RevokedApiKey {
  success: boolean;
  alreadyRevoked: boolean;
}

/** What takes room on the disk, in bytes. */
export interface Room {
  files: number;
  media: number;
  database: number;
  copies: number;
  free: number;
}

/** It signs one browser in to the sandbox, once, within five minutes. */
export interface SandboxLink {
  url: string;
}

export interface ScanResult {
  detected: number;
  pending: number;
  items: Array<RepostItem>;
  requests: number;
  passedOver: Array<PassedOver>;
}

export interface Scheduled {
  postId: string;
  jobId: string;
  status: "SCHEDULED" | (string & {});
  scheduledFor: string;
  timezone: string;
  isCloudflare: boolean;
  cloudflareJobId: string | null;
  warnings: Array<string>;
}

/** One entry for each that was sent, in that order; a `postId` of a dry run is for nothing. */
export interface ScheduledBatch {
  items: Array<ScheduledEntry>;
  scheduled: number;
  refused: number;
  dryRun: boolean;
}

/** What became of one of several: its post, or why there is none. */
export interface ScheduledEntry {
  postId: string | null;
  scheduledFor: string;
  timezone: string;
  warnings: Array<string>;
  code: string | null;
  error: string | null;
}

export interface SessionPhase {
  hasCredentials: boolean;
  hasSession: boolean;
  cloudConfigured: boolean;
  phase: number;
  desktopOnline: boolean;
  lastWarmupAt: string | null;
  lastWarmupError: string | null;
  exists: boolean;
}

/** A post that shows a file. */
export interface ShownIn {
  postId: string;
  status: PostStatus;
}

/** A browser's session. `name` is no secret: nobody is signed in by it. */
export interface SignedInBrowser {
  name: string;
  device: string | null;
  scopes: string;
  accountIds: Array<string> | null;
  createdAt: string;
  expiresAt: string;
  isThis: boolean;
}

export interface SignedInBrowsers {
  browsers: Array<SignedInBrowser>;
}

export type SourceType =
  | "MANUAL"
  | "SCHEDULED"
  | "STORY_REPOST"
  | "AUTO_REPOST"
  | (string & {});

/** Up to and with this day of a login at most so many reposts go out a day. */
export interface StairStep {
  untilDay: number;
  reposts: number;
}

/** Where the mention sticker goes: its centre and its size in shares of the story. */
export interface StickerPlace {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Since when nothing of a person's goes out, because they stopped it; null where it does. */
export interface Stopped {
  since: string | null;
}

/** The contract's `StoryRepostConfig`; the fields from `timezone` on are additive. */
export interface StoryRepostConfig {
  id: string;
  userId: string;
  instagramAccountId: string | null;
  isEnabled: boolean;
  igUsername: string;
  pollIntervalHours: number;
  jitterMinutes: number;
  lastPollAt: string | null;
  lastPollStatus: PollStatus | null;
  lastPollError: string | null;
  consecutiveFailures: number;
  autoDisabledAt: string | null;
  autoDisableReason: string | null;
  challengeCount30d: number;
  lastChallengeAt: string | null;
  challengePauseUntil: string | null;
  configuredAt: string | null;
  warmUpComplete: boolean;
  sleepWindowStart: number;
  sleepWindowEnd: number;
  dailyRepostLimit: number;
  repostsToday: number;
  repostsTodayResetAt: string | null;
  autoRepostEnabled: boolean;
  lastAutoSyncAt: string | null;
  autoTagOriginalPoster: boolean;
  signatureOverlay: string | null;
  createdAt: string;
  updatedAt: string;
  timezone: string;
  approvalRequired: boolean;
  template: Template;
  lastPollRequests: number | null;
  totalPollRequests: number;
  warnings: Array<string>;
  allowedAuthors: Array<string>;
  deniedAuthors: Array<string>;
  alwaysAuthors: Array<string>;
  minimumFollowers: number;
  requiredWords: Array<string>;
  excludedWords: Array<string>;
  dryRun: boolean;
  publishRoute: PublishRoute;
  paused: boolean;
  pausedUntil: string | null;
  lastAutoSyncError: string | null;
  version: string;
}

export interface StoryRepostConfigs {
  configs: Array<StoryRepostConfig>;
}

/** The contract's three fields, and (additive) what holds the account now and what is next. */
export interface StoryRepostStatus {
  configured: boolean;
  isEnabled: boolean;
  config: StoryRepostConfig | null;
  holding: Holding | null;
  polling: Holding | null;
  nextPollAt: string | null;
  sessionPhase: number;
  sessionPhaseUntil: string | null;
  repostsToday: number;
  dailyCap: number;
  waiting: WaitingReposts;
  breaker: Breaker | null;
  hasGraphToken: boolean;
  tokenExpiresAt: string | null;
  warnings: Array<string>;
  version: string;
}

export interface Success {
  success: boolean;
}

/** Two posts, each with the time that the other one had. */
export interface Swapped {
  post: EditedPost;
  other: EditedPost;
}

/** How a card looks. */
export type Template =
  | "classic"
  | "blur"
  | "frame"
  | "full-bleed"
  | (string & {});

/** An app of Instagram Login at Meta. `app` is its id, null where none was given yet. */
export interface TokenApp {
  app: string | null;
}

/** Where to log in, and until when the answer is waited for. */
export interface TokenLogin {
  url: string;
  until: string;
}

/** A sandbox beside this daemon. It ends by itself at `until`; `reason` says why it failed. */
export interface TriedSandbox {
  state: "notOffered" | "none" | "opening" | "open" | "failed" | (string & {});
  since: string | null;
  until: string | null;
  reason: string | null;
}

/** A free time; `often`: for how many posts such a one was chosen. */
export interface UsualTime {
  at: string;
  often: number;
}

/** The next first; at most one a day. `timezone` is the account's. */
export interface UsualTimes {
  timezone: string;
  times: Array<UsualTime>;
}

/** Unfinished mentions by state. */
export interface WaitingReposts {
  detected: number;
  downloaded: number;
  waitingApproval: number;
  queued: number;
}

/** The first thirty days of a login; `used` has a number for each day until today. */
export interface WarmUp {
  startedAt: string;
  day: number;
  steps: Array<StairStep>;
  dailyLimit: number;
  used: Array<number>;
  complete: boolean;
}

/** From when on so many reposts a day may go out. */
export interface WarmUpStep {
  since: string;
  dailyLimit: number;
}

/** `lastFailedAt` is null again once it has heard something. */
export interface Webhook {
  id: string;
  url: string;
  types: string;
  accountIds: Array<string> | null;
  createdAt: string;
  disabledAt: string | null;
  disabledReason: string | null;
  lastFailedAt: string | null;
  oldSecretUntil: string | null;
}

/** One message; `answer` is the start of what its receiver answered, or why there was none. */
export interface WebhookDelivery {
  id: string;
  webhookId: string;
  eventId: number;
  type: string;
  status: DeliveryStatus;
  tries: number;
  dueAt: string | null;
  createdAt: string;
  triedAt: string | null;
  httpStatus: number | null;
  tookMs: number | null;
  answer: string | null;
}

/** `next` is the `before` of the next page. */
export interface WebhookDeliveryList {
  deliveries: Array<WebhookDelivery>;
  next: number | null;
}

export interface WebhookList {
  webhooks: Array<Webhook>;
}

/** A post by itself. Who changes it sends `version` back, and is refused with `STALE_EDIT` where somebody else has changed it meanwhile (additive). */
export interface WholePost {
  id: string;
  userId: string;
  instagramAccountId: string;
  mediaType: MediaType;
  sourceType: SourceType;
  caption: string | null;
  hashtags: string | null;
  locationId: string | null;
  locationName: string | null;
  userTags: string | null;
  collaborators: string | null;
  storyMentions: string | null;
  storyStickers: string | null;
  altTexts: string | null;
  publishedViaPrivateApi: boolean;
  crossPostToFacebook: boolean;
  facebookPostId: string | null;
  facebookPermalink: string | null;
  isScheduled: boolean;
  scheduledFor: string | null;
  timezone: string;
  status: PostStatus;
  igContainerId: string | null;
  igMediaId: string | null;
  igPermalink: string | null;
  cloudflareJobId: string | null;
  r2MediaKey: string | null;
  errorMessage: string | null;
  errorCode: string | null;
  retryCount: number;
  lastAttemptAt: string | null;
  publishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  thumbnailUrl: string | null;
  mediaFiles: Array<MediaFile>;
  version: string;
}

export interface AccountRef {
  accountId: string;
}

/** Additive: what the key is limited to, as scopes, some accounts, and until when. */
export interface ApiKeyRequest {
  name: string;
  scopes?: string | undefined;
  accountIds?: ReadonlyArray<string> | null | undefined;
  expiresAt?: string | Date | null | undefined;
}

/** With the `look` that was seen (additive), a card that looks otherwise is not approved. */
export interface Approval {
  look?: string | null | undefined;
}

/** Which state of a post somebody has looked at. */
export interface AsSeen {
  version?: string | null | undefined;
}

/** `never` wins over an approval; `always` asks nobody, except about what was meant for few. */
export interface AuthorRuling {
  accountId: string;
  username: string;
  rule: AuthorWish;
}

export interface BrowserName {
  session: string;
}

/** Another template for one mention's card; null is the account's again. */
export interface CardChoice {
  template: Template | null;
}

/** What `POST /story-repost/preview` takes; what is absent is as `accountId` is configured. */
export interface CardPreviewRequest {
  mediaFileId: string;
  accountId?: string | null | undefined;
  username?: string | null | undefined;
  template?: Template | null | undefined;
  signatureOverlay?: string | null | undefined;
}

export interface ChallengeRequest {
  accountId: string;
  code: string;
}

/** How the account's client reaches Instagram and what it says of itself; "" clears. */
export interface ClientOptionFields {
  proxy?: string | null | undefined;
  locale?: string | null | undefined;
  timezone?: string | null | undefined;
  totpSeed?: string | null | undefined;
}

/** With a token the account publishes through the official API; again to replace it. */
export interface ConnectRequest {
  username: string;
  igUserId?: string | undefined;
  loginMethod?: "instagram" | "facebook" | (string & {}) | undefined;
  accessToken?: string | null | undefined;
}

export interface ContinueRequest {
  accountId: string;
  method?: "email" | "sms" | null | (string & {}) | undefined;
}

/** Either `ids`, or `all` with or without an `accountId`. */
export interface Decision {
  ids?: ReadonlyArray<string> | null | undefined;
  all?: boolean | null | undefined;
  accountId?: string | null | undefined;
  asOf?: number | null | undefined;
}

/** Only the fields that are sent are changed. */
export interface DraftChanges {
  mediaFileId?: string | null | undefined;
  mediaFileIds?: ReadonlyArray<string> | null | undefined;
  caption?: string | null | undefined;
  userTags?: ReadonlyArray<UserTag> | null | undefined;
  collaborators?: ReadonlyArray<string> | null | undefined;
  locationId?: string | null | undefined;
  locationName?: string | null | undefined;
  crossPostToFacebook?: boolean | null | undefined;
  storyMentions?: ReadonlyArray<StoryMention> | null | undefined;
  storyStickers?: ReadonlyArray<LinkSticker | HashtagSticker | LocationSticker> | null | undefined;
  altTexts?: ReadonlyArray<string | null> | null | undefined;
  accountId?: string | null | undefined;
  mediaType?: MediaType | null | undefined;
  version?: string | null | undefined;
}

/** How a photo is cut or padded: to `aspect`, around the focal point (`crop`) or whole on its own blur (`pad`). `x` and `y` are 0 (left, top) to 1 (right, bottom). */
export interface FrameRequest {
  aspect: "4:5" | "1:1" | "1.91:1" | "9:16" | (string & {});
  mode?: "crop" | "pad" | (string & {}) | undefined;
  x?: number | undefined;
  y?: number | undefined;
}

/** A hashtag on a story, with or without its `#`; at most ten. */
export interface HashtagSticker {
  x?: number | undefined;
  y?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
  rotation?: number | undefined;
  type: "hashtag";
  name: string;
}

/** One of both: a browser's cookie, or the object that aiograpi's `get_settings()` returns. */
export interface ImportRequest {
  accountId: string;
  sessionid?: string | null | undefined;
  settings?: Record<string, unknown> | null | undefined;
}

/** A link on a story; at most one. */
export interface LinkSticker {
  x?: number | undefined;
  y?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
  rotation?: number | undefined;
  type: "link";
  url: string;
}

/** A place on a story, by its number at Instagram; at most one. */
export interface LocationSticker {
  x?: number | undefined;
  y?: number | undefined;
  width?: number | undefined;
  height?: number | undefined;
  rotation?: number | undefined;
  type: "location";
  id: string;
  name?: string | null | undefined;
}

/** What the session of a login link is limited to, as a key would be. */
export interface LoginCodeRequest {
  scopes?: string | undefined;
  accountIds?: ReadonlyArray<string> | null | undefined;
}

export interface LoginRequest {
  proxy?: string | null | undefined;
  locale?: string | null | undefined;
  timezone?: string | null | undefined;
  totpSeed?: string | null | undefined;
  accountId: string;
  igUsername: string;
  igPassword: string;
  code?: string | undefined;
}

/** What a card would look like on the account's last story that is kept, or on a sample. */
export interface LookRequest {
  accountId: string;
  sample?: "last" | "tall" | "wide" | "dark" | "bright" | "video" | (string & {}) | undefined;
  username?: string | null | undefined;
  template?: Template | null | undefined;
  signatureOverlay?: string | null | undefined;
}

/** For which kind of post a file is to be shown. */
export interface MediaPreviewRequest {
  mediaType: MediaType;
}

/** `url` as `apprise` writes it, such as `ntfy://my-topic`; it is kept sealed and never shown. */
export interface NotifyRequest {
  url: string;
  name?: string | null | undefined;
  accountIds?: ReadonlyArray<string> | null | undefined;
}

export interface OptionalAccountRef {
  accountId?: string | null | undefined;
}

/** Without `accountId` every account; without `until`, until `resume`. */
export interface PauseRequest {
  accountId?: string | null | undefined;
  until?: string | Date | null | undefined;
}

export interface PublishablePost {
  mediaFileId?: string | null | undefined;
  mediaFileIds?: ReadonlyArray<string> | null | undefined;
  caption?: string | null | undefined;
  userTags?: ReadonlyArray<UserTag> | null | undefined;
  collaborators?: ReadonlyArray<string> | null | undefined;
  locationId?: string | null | undefined;
  locationName?: string | null | undefined;
  crossPostToFacebook?: boolean | null | undefined;
  storyMentions?: ReadonlyArray<StoryMention> | null | undefined;
  storyStickers?: ReadonlyArray<LinkSticker | HashtagSticker | LocationSticker> | null | undefined;
  altTexts?: ReadonlyArray<string | null> | null | undefined;
  accountId: string;
  mediaType: MediaType;
}

export interface QuietHoursRequest {
  begins: string;
  ends: string;
  timezone: string;
}

export interface Reconsidering {
  repostIds: ReadonlyArray<string>;
}

export interface RecoverRequest {
  since: string | Date;
}

export interface RescheduleRequest {
  scheduledFor: string | Date;
  timezone?: string | null | undefined;
  version?: string | null | undefined;
}

/** With `dryRun` everything is checked, and nothing is kept. */
export interface ScheduleBatch {
  items: ReadonlyArray<ScheduleEntry>;
  dryRun?: boolean | undefined;
}

/** Only the fields that are sent are changed. */
export interface ScheduleChanges {
  caption?: string | null | undefined;
  scheduledFor?: string | Date | null | undefined;
  timezone?: string | null | undefined;
  userTags?: ReadonlyArray<UserTag> | null | undefined;
  locationId?: string | null | undefined;
  locationName?: string | null | undefined;
  collaborators?: ReadonlyArray<string> | null | undefined;
  crossPostToFacebook?: boolean | null | undefined;
  storyMentions?: ReadonlyArray<StoryMention> | null | undefined;
  storyStickers?: ReadonlyArray<LinkSticker | HashtagSticker | LocationSticker> | null | undefined;
  altTexts?: ReadonlyArray<string | null> | null | undefined;
  version?: string | null | undefined;
}

/** One of several: a post that is there already (`postId`), or a new one. */
export interface ScheduleEntry {
  mediaFileId?: string | null | undefined;
  mediaFileIds?: ReadonlyArray<string> | null | undefined;
  caption?: string | null | undefined;
  userTags?: ReadonlyArray<UserTag> | null | undefined;
  collaborators?: ReadonlyArray<string> | null | undefined;
  locationId?: string | null | undefined;
  locationName?: string | null | undefined;
  crossPostToFacebook?: boolean | null | undefined;
  storyMentions?: ReadonlyArray<StoryMention> | null | undefined;
  storyStickers?: ReadonlyArray<LinkSticker | HashtagSticker | LocationSticker> | null | undefined;
  altTexts?: ReadonlyArray<string | null> | null | undefined;
  postId?: string | null | undefined;
  accountId?: string | null | undefined;
  mediaType?: MediaType | null | undefined;
  scheduledFor: string | Date;
  timezone?: string | undefined;
}

export interface ScheduleRequest {
  mediaFileId?: string | null | undefined;
  mediaFileIds?: ReadonlyArray<string> | null | undefined;
  caption?: string | null | undefined;
  userTags?: ReadonlyArray<UserTag> | null | undefined;
  collaborators?: ReadonlyArray<string> | null | undefined;
  locationId?: string | null | undefined;
  locationName?: string | null | undefined;
  crossPostToFacebook?: boolean | null | undefined;
  storyMentions?: ReadonlyArray<StoryMention> | null | undefined;
  storyStickers?: ReadonlyArray<LinkSticker | HashtagSticker | LocationSticker> | null | undefined;
  altTexts?: ReadonlyArray<string | null> | null | undefined;
  accountId: string;
  mediaType: MediaType;
  scheduledFor: string | Date;
  timezone?: string | undefined;
}

/** An @mention sticker on a story; x and y are 0 to 1 and default to the middle. */
export interface StoryMention {
  username: string;
  x?: number | undefined;
  y?: number | undefined;
}

/** What `POST /story-repost/config` takes: absent fields stay as they are. */
export interface StoryRepostSettings {
  accountId: string;
  pollIntervalHours?: number | null | undefined;
  autoTagOriginalPoster?: boolean | null | undefined;
  jitterMinutes?: number | null | undefined;
  sleepWindowStart?: number | null | undefined;
  sleepWindowEnd?: number | null | undefined;
  timezone?: string | null | undefined;
  dailyRepostLimit?: number | null | undefined;
  approvalRequired?: boolean | null | undefined;
  template?: Template | null | undefined;
  signatureOverlay?: string | null | undefined;
  allowedAuthors?: ReadonlyArray<string> | null | undefined;
  deniedAuthors?: ReadonlyArray<string> | null | undefined;
  alwaysAuthors?: ReadonlyArray<string> | null | undefined;
  minimumFollowers?: number | null | undefined;
  requiredWords?: ReadonlyArray<string> | null | undefined;
  excludedWords?: ReadonlyArray<string> | null | undefined;
  dryRun?: boolean | null | undefined;
  publishRoute?: "auto" | "official" | "private" | null | (string & {}) | undefined;
  autoRepostEnabled?: boolean | null | undefined;
  version?: string | null | undefined;
}

/** The two times are those that were seen, where they are sent: is one another by now, nothing is changed. */
export interface SwapRequest {
  otherPostId: string;
  was?: string | Date | null | undefined;
  otherWas?: string | Date | null | undefined;
}

export interface TokenLoginAnswer {
  code: string;
  state: string;
}

/** The app may be left out once it was given. `redirectUrl` is one that the app allows. */
export interface TokenLoginRequest {
  app?: string | null | undefined;
  appSecret?: string | null | undefined;
  redirectUrl: string;
}

/** Somebody tagged on a picture; x and y are 0 (left, top) to 1 (right, bottom). */
export interface UserTag {
  username: string;
  x: number;
  y: number;
}

/** `types` such as `post.published,repost.*`, empty for all; `accountIds` null for all. */
export interface WebhookRequest {
  url: string;
  types?: string | undefined;
  accountIds?: ReadonlyArray<string> | null | undefined;
}

export interface ListMediaQuery {
  limit?: number | undefined;
  offset?: number | undefined;
  type?: "image" | "video" | (string & {}) | undefined;
}

export interface ListLibraryQuery {
  limit?: number | undefined;
  offset?: number | undefined;
  type?: "image" | "video" | (string & {}) | undefined;
  unused?: boolean | undefined;
  text?: string | undefined;
}

export interface ListPostsQuery {
  accountId?: string | undefined;
  from?: string | Date | undefined;
  until?: string | Date | undefined;
  page?: number | undefined;
  limit?: number | undefined;
  status?: "DRAFT" | "SCHEDULED" | "QUEUED" | "PROCESSING" | "PUBLISHING" | "PUBLISHED" | "FAILED" | (string & {}) | undefined;
  mediaType?: "IMAGE" | "REELS" | "STORIES" | "CAROUSEL" | (string & {}) | undefined;
  source?: "own" | "reposts" | (string & {}) | undefined;
  text?: string | undefined;
}

export interface GetInsightsQuery {
  accountId: string;
  days?: number | undefined;
}

export interface ListRecentCompletionsQuery {
  since: string | Date;
  until?: string | Date | undefined;
  status?: "PUBLISHED" | "FAILED" | (string & {}) | undefined;
  accountId?: string | undefined;
  limit?: number | undefined;
}

export interface ListScheduleQuery {
  accountId?: string | undefined;
  from?: string | Date | undefined;
  until?: string | Date | undefined;
  page?: number | undefined;
  limit?: number | undefined;
  status?: "SCHEDULED" | "QUEUED" | "PROCESSING" | "PUBLISHING" | (string & {}) | undefined;
}

export interface GetCalendarQuery {
  accountId: string;
  from: string | Date;
  until: string | Date;
  status?: "DRAFT" | "SCHEDULED" | "QUEUED" | "PROCESSING" | "PUBLISHING" | "PUBLISHED" | "FAILED" | (string & {}) | undefined;
  mediaType?: "IMAGE" | "REELS" | "STORIES" | "CAROUSEL" | (string & {}) | undefined;
  source?: "own" | "reposts" | (string & {}) | undefined;
}

export interface GetUsualTimesQuery {
  accountId: string;
  day?: string | undefined;
}

export interface ListCloudflareKvQuery {
  prefix?: string | undefined;
}

export interface GetStatusQuery {
  accountId?: string | undefined;
}

export interface GetRailsQuery {
  accountId: string;
}

export interface DeleteConfigQuery {
  accountId: string;
}

export interface GetHistoryQuery {
  accountId?: string | undefined;
  status?: "DETECTED" | "DOWNLOADED" | "WAITING_APPROVAL" | "QUEUED" | "PUBLISHED" | "SKIPPED" | "EXPIRED" | "FAILED" | (string & {}) | undefined;
  group?: "waiting" | "moving" | "out" | "skipped" | "missed" | (string & {}) | undefined;
  since?: string | Date | undefined;
  until?: string | Date | undefined;
  limit?: number | undefined;
  after?: string | undefined;
}

export interface GetPendingQuery {
  accountId?: string | undefined;
  limit?: number | undefined;
  after?: string | undefined;
}

export interface PreviewRepostQuery {
  template?: "classic" | "blur" | "frame" | "full-bleed" | (string & {}) | undefined;
}

export interface ListEventsQuery {
  since?: number | undefined;
  types?: string | undefined;
  accountId?: string | undefined;
  limit?: number | undefined;
  wait?: number | undefined;
}

export interface ListWebhookDeliveriesQuery {
  before?: number | undefined;
  limit?: number | undefined;
}

export interface ListNoticesToldQuery {
  before?: number | undefined;
  limit?: number | undefined;
}

/** Every endpoint as a method. */
export class Methods extends Core {
  /** Probe the daemon and its database; `degraded` while a service is being restarted. */
  getHealth(options: Options = {}): Promise<Health> {
    return this.call("GET", `/health`, { ...options });
  }

  /** Compare the app version of the Private API client with the newest one known. */
  getIgVersion(options: Options = {}): Promise<IgVersion> {
    return this.call("GET", `/health/ig-version`, { ...options });
  }

  /** Say whether this request is signed in; `username` is that of the first account. */
  checkAuth(options: Options = {}): Promise<AuthCheck> {
    return this.call("GET", `/auth/check`, { ...options });
  }

  /** End the browser session on the server and clear its cookie; for keys, do nothing. */
  logOut(options: Options = {}): Promise<Success> {
    return this.call("POST", `/auth/logout`, { ...options });
  }

  /** Return the user and the connected accounts; tokens are never returned. */
  getMe(options: Options = {}): Promise<AuthMe> {
    return this.call("GET", `/auth/me`, { ...options });
  }

  /** Disconnect an account: tokens, session and configuration go, published posts stay. */
  disconnectAccount(id: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/auth/accounts/${part(id)}`, { ...options });
  }

  /** Connect an Instagram account, or give a connected one a new token of the official API. */
  connectAccount(given: ConnectRequest, options: Options = {}): Promise<InstagramAccount> {
    return this.call("POST", `/auth/accounts`, { ...options, body: given });
  }

  /** Return the app at Meta with which tokens are obtained; its secret is never returned (additive). */
  getTokenApp(options: Options = {}): Promise<TokenApp> {
    return this.call("GET", `/auth/token-login`, { ...options });
  }

  /** Return where to log in at Instagram for a token (additive). */
  beginTokenLogin(given: TokenLoginRequest, options: Options = {}): Promise<TokenLogin> {
    return this.call("POST", `/auth/token-login`, { ...options, body: given });
  }

  /** Give the account that Instagram's answer is for its token (additive). */
  finishTokenLogin(given: TokenLoginAnswer, options: Options = {}): Promise<InstagramAccount> {
    return this.call("POST", `/auth/token-login/finish`, { ...options, body: given });
  }

  /** Upload one image or video in the field `file`. */
  uploadMedia(file: Upload, options: UploadOptions = {}): Promise<MediaFile> {
    return this.call("POST", `/media/upload`, { ...options, file });
  }

  /** List uploads, newest first; the one list that takes `offset` instead of `page`. */
  listMedia(given: ListMediaQuery = {}, options: Options = {}): Promise<MediaList> {
    return this.call("GET", `/media`, { ...options, query: given });
  }

  /** Goes through all of it, page by page: List uploads, newest first; the one list that takes `offset` instead of `page`. */
  async *iterateMedia(given: Omit<ListMediaQuery, "offset"> = {}, options: Options = {}): AsyncGenerator<MediaFile, void, undefined> {
    let at: number = 0;
    for (;;) {
      const found: MediaList = await this.listMedia({ ...given, offset: at }, options);
      const items = found.files;
      yield* items;
      if (!found.hasMore || items.length === 0) return;
      at += items.length;
    }
  }

  /** Return one media file. */
  getMedia(id: string, options: Options = {}): Promise<MediaFile> {
    return this.call("GET", `/media/${part(id)}`, { ...options });
  }

  /** Delete a file; posts that showed it are kept without it. */
  deleteMedia(id: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/media/${part(id)}`, { ...options });
  }

  /** Show a file as it would be sent in that kind of post (additive); nothing is sent. */
  previewMedia(id: string, given: MediaPreviewRequest, options: Options = {}): Promise<MediaPreview> {
    return this.call("POST", `/media/${part(id)}/preview`, { ...options, body: given });
  }

  /** Make a further photo of a photo: cut to a shape around a point, or whole on its own blur. */
  frameMedia(id: string, given: FrameRequest, options: Options = {}): Promise<LibraryFile> {
    return this.call("POST", `/media/${part(id)}/frame`, { ...options, body: given });
  }

  /** List uploads with what each fits and where it is used, newest first (additive). */
  listLibrary(given: ListLibraryQuery = {}, options: Options = {}): Promise<Library> {
    return this.call("GET", `/library`, { ...options, query: given });
  }

  /** Goes through all of it, page by page: List uploads with what each fits and where it is used, newest first (additive). */
  async *iterateLibrary(given: Omit<ListLibraryQuery, "offset"> = {}, options: Options = {}): AsyncGenerator<LibraryFile, void, undefined> {
    let at: number = 0;
    for (;;) {
      const found: Library = await this.listLibrary({ ...given, offset: at }, options);
      const items = found.files;
      yield* items;
      if (!found.hasMore || items.length === 0) return;
      at += items.length;
    }
  }

  /** Return one upload with what it fits and where it is used (additive). */
  getLibraryFile(id: string, options: Options = {}): Promise<LibraryFile> {
    return this.call("GET", `/library/${part(id)}`, { ...options });
  }

  /** Delete a file unless a post that is planned or going out shows it (additive). */
  removeFromLibrary(id: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/library/${part(id)}`, { ...options });
  }

  /** Store a draft; only account and media type are required. Instagram hears nothing. */
  createDraft(given: PublishablePost, options: Options = {}): Promise<EditedPost> {
    return this.call("POST", `/posts/draft`, { ...options, body: given });
  }

  /** Change the fields that are sent; the rules apply to the merged result. */
  updateDraft(id: string, given: DraftChanges = {}, options: Options = {}): Promise<EditedPost> {
    return this.call("PUT", `/posts/draft/${part(id)}`, { ...options, body: given });
  }

  /** Queue a draft to go out now, as it is (additive); a second try finds no draft any more. */
  publishDraft(id: string, given: AsSeen = {}, options: Options = {}): Promise<Accepted> {
    return this.call("POST", `/posts/draft/${part(id)}/publish`, { ...options, body: given });
  }

  /** Queue a post to go out now; poll it until its status is PUBLISHED or FAILED. */
  publishPost(given: PublishablePost, options: Options = {}): Promise<Accepted> {
    return this.call("POST", `/posts/publish`, { ...options, body: given });
  }

  /** List posts of all accounts, newest first; `mediaFiles` is filled for single posts only. */
  listPosts(given: ListPostsQuery = {}, options: Options = {}): Promise<PostList> {
    return this.call("GET", `/posts`, { ...options, query: given });
  }

  /** Goes through all of it, page by page: List posts of all accounts, newest first; `mediaFiles` is filled for single posts only. */
  async *iteratePosts(given: Omit<ListPostsQuery, "page"> = {}, options: Options = {}): AsyncGenerator<Post, void, undefined> {
    let at: number = 1;
    for (;;) {
      const found: PostList = await this.listPosts({ ...given, page: at }, options);
      const items = found.posts;
      yield* items;
      if (!found.hasMore || items.length === 0) return;
      at += 1;
    }
  }

  /** Count posts and mentions by account and state (additive). */
  getCounts(options: Options = {}): Promise<Counts> {
    return this.call("GET", `/counts`, { ...options });
  }

  /** Return what went out of an account by day, when people mention it, how late its posts were on Instagram, and its warm-up (additive). */
  getInsights(given: GetInsightsQuery, options: Options = {}): Promise<Insights> {
    return this.call("GET", `/insights`, { ...options, query: given });
  }

  /** Return posts that were published or failed after `since`, newest first, `limit` at most. */
  listRecentCompletions(given: ListRecentCompletionsQuery, options: Options = {}): Promise<Completions> {
    return this.call("GET", `/posts/recent-completions`, { ...options, query: given });
  }

  /** Return one post with its media. */
  getPost(id: string, options: Options = {}): Promise<WholePost> {
    return this.call("GET", `/posts/${part(id)}`, { ...options });
  }

  /** Clear a post from the history into an archive; Instagram is not touched. */
  clearPost(id: string, options: Options = {}): Promise<Cleared> {
    return this.call("DELETE", `/posts/${part(id)}`, { ...options });
  }

  /** Return every change of a post's state of the last 30 days, with its reason (additive). */
  getPostChanges(id: string, options: Options = {}): Promise<PostChanges> {
    return this.call("GET", `/posts/${part(id)}/changes`, { ...options });
  }

  /** Queue a failed post again. */
  retryPost(id: string, options: Options = {}): Promise<Accepted> {
    return this.call("POST", `/posts/${part(id)}/retry`, { ...options });
  }

  /** Take a post that waits or has failed out of the queue: it is a draft again. */
  releasePost(id: string, options: Options = {}): Promise<EditedPost> {
    return this.call("POST", `/posts/${part(id)}/release`, { ...options });
  }

  /** Give a post that is not live a new time: a draft, a scheduled, waiting or failed one. */
  reschedulePost(id: string, given: RescheduleRequest, options: Options = {}): Promise<EditedPost> {
    return this.call("POST", `/posts/${part(id)}/reschedule`, { ...options, body: given });
  }

  /** Give two planned posts each other's times: both, or neither (additive). */
  swapPosts(id: string, given: SwapRequest, options: Options = {}): Promise<Swapped> {
    return this.call("POST", `/posts/${part(id)}/swap`, { ...options, body: given });
  }

  /** Delete a published post from Instagram and from the history. */
  deleteFromInstagram(id: string, options: Options = {}): Promise<DeletedFromInstagram> {
    return this.call("DELETE", `/posts/${part(id)}/instagram`, { ...options });
  }

  /** Schedule a post; the daemon must run when it is due, unless `isCloudflare` says that the cloud sends it. */
  createSchedule(given: ScheduleRequest, options: Options = {}): Promise<Scheduled> {
    return this.call("POST", `/schedule`, { ...options, body: given });
  }

  /** List scheduled posts that have not gone out yet, the next one first. */
  listSchedule(given: ListScheduleQuery = {}, options: Options = {}): Promise<PostList> {
    return this.call("GET", `/schedule`, { ...options, query: given });
  }

  /** Goes through all of it, page by page: List scheduled posts that have not gone out yet, the next one first. */
  async *iterateSchedule(given: Omit<ListScheduleQuery, "page"> = {}, options: Options = {}): AsyncGenerator<Post, void, undefined> {
    let at: number = 1;
    for (;;) {
      const found: PostList = await this.listSchedule({ ...given, page: at }, options);
      const items = found.posts;
      yield* items;
      if (!found.hasMore || items.length === 0) return;
      at += 1;
    }
  }

  /** Schedule up to a hundred posts: new ones, or drafts and others that are there (additive). */
  scheduleSeveral(given: ScheduleBatch, options: Options = {}): Promise<ScheduledBatch> {
    return this.call("POST", `/schedule/batch`, { ...options, body: given });
  }

  /** Return what went out, failed or is planned in a stretch of time, of one account (additive). */
  getCalendar(given: GetCalendarQuery, options: Options = {}): Promise<Calendar> {
    return this.call("GET", `/calendar`, { ...options, query: given });
  }

  /** Propose up to three times for a post: free, and such as the account's posts were planned for on that weekday in the last 90 days (additive). */
  getUsualTimes(given: GetUsualTimesQuery, options: Options = {}): Promise<UsualTimes> {
    return this.call("GET", `/schedule/usual-times`, { ...options, query: given });
  }

  /** Count the jobs that wait, run, and lie in the future. */
  getQueueStatus(options: Options = {}): Promise<QueueStatus> {
    return this.call("GET", `/schedule/queue/status`, { ...options });
  }

  /** Return one scheduled post with its media. */
  getScheduled(id: string, options: Options = {}): Promise<Post> {
    return this.call("GET", `/schedule/${part(id)}`, { ...options });
  }

  /** Change content or time of a scheduled post; only fields that are sent change. */
  updateSchedule(id: string, given: ScheduleChanges = {}, options: Options = {}): Promise<EditedPost> {
    return this.call("PUT", `/schedule/${part(id)}`, { ...options, body: given });
  }

  /** Cancel a scheduled post, wherever it waits; its content stays as a draft. */
  cancelSchedule(id: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/schedule/${part(id)}`, { ...options });
  }

  /** Say whether cloud scheduling is configured, and when the Worker answered last. */
  getCloudflareStatus(options: Options = {}): Promise<CloudflareStatus> {
    return this.call("GET", `/cloudflare/status`, { ...options });
  }

  /** Ask the Worker how it is; where it does not answer, what it said last, and why. */
  getCloudflareDiagnostics(options: Options = {}): Promise<CloudflareDiagnostics> {
    return this.call("GET", `/cloudflare/diagnostics`, { ...options });
  }

  /** Return the Worker's cron triggers, and when one came last: as it says now, or said last. */
  getCloudflareCronStatus(options: Options = {}): Promise<CronStatus> {
    return this.call("GET", `/cloudflare/cron-status`, { ...options });
  }

  /** List the keys that the Worker keeps in KV for people to look at. */
  listCloudflareKv(given: ListCloudflareKvQuery = {}, options: Options = {}): Promise<KvList> {
    return this.call("GET", `/cloudflare/kv`, { ...options, query: given });
  }

  /** Show what a repost of an uploaded file would look like; nothing is posted or kept. */
  previewCard(given: CardPreviewRequest, options: Options = {}): Promise<CardPreview> {
    return this.call("POST", `/story-repost/preview`, { ...options, body: given });
  }

  /** Show how cards of an account would look (additive); nothing is posted, saved or kept. */
  previewLook(given: LookRequest, options: Options = {}): Promise<Look> {
    return this.call("POST", `/story-repost/look`, { ...options, body: given });
  }

  /** Return an account's configuration, what holds it now and until when, and what is next. */
  getStatus(given: GetStatusQuery = {}, options: Options = {}): Promise<StoryRepostStatus> {
    return this.call("GET", `/story-repost/status`, { ...options, query: given });
  }

  /** Return what every rail says of an account's next repost, open ones too (additive). */
  getRails(given: GetRailsQuery, options: Options = {}): Promise<Rails> {
    return this.call("GET", `/story-repost/rails`, { ...options, query: given });
  }

  /** Create or change an account's configuration; settings that are not sent stay. */
  saveConfig(given: StoryRepostSettings, options: Options = {}): Promise<StoryRepostConfig> {
    return this.call("POST", `/story-repost/config`, { ...options, body: given });
  }

  /** Delete an account's configuration; its history stays. */
  deleteConfig(given: DeleteConfigQuery, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/story-repost/config`, { ...options, query: given });
  }

  /** Never repost an author, always do without asking, or decide about each story (additive). */
  ruleAuthor(given: AuthorRuling, options: Options = {}): Promise<AuthorRuled> {
    return this.call("POST", `/story-repost/authors`, { ...options, body: given });
  }

  /** Switch story reposts on; closes the circuit breaker. Makes a default configuration. */
  enable(given: AccountRef, options: Options = {}): Promise<Success> {
    return this.call("POST", `/story-repost/enable`, { ...options, body: given });
  }

  /** Switch story reposts off: nothing is looked for and nothing new goes out. */
  disable(given: AccountRef, options: Options = {}): Promise<Success> {
    return this.call("POST", `/story-repost/disable`, { ...options, body: given });
  }

  /** Look for new mentions now, whatever the poll interval. */
  scan(given: OptionalAccountRef = {}, options: Options = {}): Promise<ScanResult> {
    return this.call("POST", `/story-repost/scan`, { ...options, body: given });
  }

  /** Return mentions with their state and reason, newest first, page by page. */
  getHistory(given: GetHistoryQuery = {}, options: Options = {}): Promise<RepostHistory> {
    return this.call("GET", `/story-repost/history`, { ...options, query: given });
  }

  /** Goes through all of it, page by page: Return mentions with their state and reason, newest first, page by page. */
  async *iterateHistory(given: Omit<GetHistoryQuery, "after"> = {}, options: Options = {}): AsyncGenerator<RepostItem, void, undefined> {
    let at: string | undefined = undefined;
    for (;;) {
      const found: RepostHistory = await this.getHistory({ ...given, after: at }, options);
      const items = found.reposts;
      yield* items;
      if (!found.next) return;
      at = found.next;
    }
  }

  /** Return one mention with every change of its state, its time and its reason (additive). */
  getRepost(id: string, options: Options = {}): Promise<RepostDetails> {
    return this.call("GET", `/story-repost/${part(id)}`, { ...options });
  }

  /** Return what waits for approval, of one account or of all, oldest mention first. */
  getPending(given: GetPendingQuery = {}, options: Options = {}): Promise<PendingReposts> {
    return this.call("GET", `/story-repost/pending`, { ...options, query: given });
  }

  /** Goes through all of it, page by page: Return what waits for approval, of one account or of all, oldest mention first. */
  async *iteratePending(given: Omit<GetPendingQuery, "after"> = {}, options: Options = {}): AsyncGenerator<PendingRepost, void, undefined> {
    let at: string | undefined = undefined;
    for (;;) {
      const found: PendingReposts = await this.getPending({ ...given, after: at }, options);
      const items = found.reposts;
      yield* items;
      if (!found.next) return;
      at = found.next;
    }
  }

  /** Let several mentions go out: those named, or all that wait. */
  approveSeveral(given: Decision = {}, options: Options = {}): Promise<Decided> {
    return this.call("POST", `/story-repost/approve`, { ...options, body: given });
  }

  /** Never repost several mentions: those named, or all that wait for approval. */
  skipSeveral(given: Decision = {}, options: Options = {}): Promise<Decided> {
    return this.call("POST", `/story-repost/skip`, { ...options, body: given });
  }

  /** Let a mention that waits for approval go out. */
  approve(id: string, given: Approval = {}, options: Options = {}): Promise<RepostItem> {
    return this.call("POST", `/story-repost/${part(id)}/approve`, { ...options, body: given });
  }

  /** Never repost this mention; possible until it begins to go out. */
  skip(id: string, options: Options = {}): Promise<RepostItem> {
    return this.call("POST", `/story-repost/${part(id)}/skip`, { ...options });
  }

  /** Give one mention's card another template than the account's, until it goes out (additive). */
  chooseCard(id: string, given: CardChoice, options: Options = {}): Promise<RepostDetails> {
    return this.call("PUT", `/story-repost/${part(id)}/card`, { ...options, body: given });
  }

  /** Show the card of a mention as it would go out now (additive); nothing is posted or kept. */
  previewRepost(id: string, given: PreviewRepostQuery = {}, options: Options = {}): Promise<CardPreview> {
    return this.call("GET", `/story-repost/${part(id)}/preview`, { ...options, query: given });
  }

  /** Take several approvals or skips back (additive); `refused` says which came too late. */
  reconsiderSeveral(given: Reconsidering, options: Options = {}): Promise<Decided> {
    return this.call("POST", `/story-repost/reconsider`, { ...options, body: given });
  }

  /** Take an approval or a skip back, until the repost begins to go out (additive). */
  reconsider(id: string, options: Options = {}): Promise<RepostItem> {
    return this.call("POST", `/story-repost/${part(id)}/reconsider`, { ...options });
  }

  /** Let nothing out, until a time or until `resume`; mentions are still found and downloaded. */
  pauseReposts(given: PauseRequest = {}, options: Options = {}): Promise<StoryRepostConfigs> {
    return this.call("POST", `/story-repost/pause`, { ...options, body: given });
  }

  /** End a pause; without `accountId`, that of every account. */
  resumeReposts(given: OptionalAccountRef = {}, options: Options = {}): Promise<StoryRepostConfigs> {
    return this.call("POST", `/story-repost/resume`, { ...options, body: given });
  }

  /** Let nothing out of any account, posts and reposts alike, until `go_on` (additive). */
  stopEverything(options: Options = {}): Promise<Stopped> {
    return this.call("POST", `/stop`, { ...options });
  }

  /** Say whether everything was stopped, and since when (additive). */
  getStopped(options: Options = {}): Promise<Stopped> {
    return this.call("GET", `/stop`, { ...options });
  }

  /** Let everything go on after `stop_everything` (additive). */
  goOn(options: Options = {}): Promise<Stopped> {
    return this.call("POST", `/go-on`, { ...options });
  }

  /** Log in with username and password, once; keep them when Instagram accepts them. */
  saveCredentials(given: LoginRequest, options: Options = {}): Promise<LoginResult> {
    return this.call("POST", `/settings/private-api-credentials`, { ...options, body: given });
  }

  /** Give the code that Instagram sent, or a two-factor code; finishes the login it belongs to. */
  resolveChallenge(given: ChallengeRequest, options: Options = {}): Promise<ChallengeResult> {
    return this.call("POST", `/settings/private-api-credentials/challenge`, { ...options, body: given });
  }

  /** Go on after you confirmed something in the Instagram app, or have a code sent again. */
  continueLogin(given: ContinueRequest, options: Options = {}): Promise<LoginResult> {
    return this.call("POST", `/settings/private-api-credentials/continue`, { ...options, body: given });
  }

  /** Take over a session made elsewhere, once Instagram has shown that it is the account's. */
  importSession(given: ImportRequest, options: Options = {}): Promise<LoginResult> {
    return this.call("POST", `/settings/private-api-credentials/session`, { ...options, body: given });
  }

  /** Return an account's own proxy (host and port only), locale and timezone. */
  getClientOptions(accountId: string, options: Options = {}): Promise<ClientOptions> {
    return this.call("GET", `/settings/private-api-options/${part(accountId)}`, { ...options });
  }

  /** Set some of an account's proxy, locale, timezone and TOTP seed; `""` or null clears one. */
  setClientOptions(accountId: string, given: ClientOptionFields = {}, options: Options = {}): Promise<ClientOptions> {
    return this.call("PUT", `/settings/private-api-options/${part(accountId)}`, { ...options, body: given });
  }

  /** Say whether an account has credentials; secrets are never returned. */
  probeCredentials(accountId: string, options: Options = {}): Promise<CredentialsProbe> {
    return this.call("GET", `/settings/private-api-credentials/${part(accountId)}`, { ...options });
  }

  /** Delete an account's credentials and session, and switch its story reposts off. */
  forgetCredentials(accountId: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/settings/private-api-credentials/${part(accountId)}`, { ...options });
  }

  /** List the sessions of the session API, the oldest first; their ids are not shown again. */
  listAccountSessions(options: Options = {}): Promise<AccountSessions> {
    return this.call("GET", `/settings/account-sessions`, { ...options });
  }

  /** End an account's session of the session API: the id that was given is worth nothing now. */
  endAccountSession(accountId: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/settings/account-sessions/${part(accountId)}`, { ...options });
  }

  /** Return how far the account's session has warmed up: 1 read only, 2 messages, 3 all. */
  getSessionPhase(accountId: string, options: Options = {}): Promise<SessionPhase> {
    return this.call("GET", `/settings/session-phase/${part(accountId)}`, { ...options });
  }

  /** Create a key; `fullKey` is shown this once. */
  createApiKey(given: ApiKeyRequest, options: Options = {}): Promise<NewApiKey> {
    return this.call("POST", `/settings/api-keys`, { ...options, body: given });
  }

  /** List keys, newest first, revoked ones too. */
  listApiKeys(options: Options = {}): Promise<ApiKeyList> {
    return this.call("GET", `/settings/api-keys`, { ...options });
  }

  /** Revoke a key; its next request is refused. */
  revokeApiKey(id: string, options: Options = {}): Promise<RevokedApiKey> {
    return this.call("DELETE", `/settings/api-keys/${part(id)}`, { ...options });
  }

  /** List the browsers that are signed in, the newest first (additive). */
  listBrowsers(options: Options = {}): Promise<SignedInBrowsers> {
    return this.call("GET", `/settings/browsers`, { ...options });
  }

  /** Make a code that signs another browser in, once, within five minutes (additive). */
  inviteBrowser(given: LoginCodeRequest = {}, options: Options = {}): Promise<LoginCode> {
    return this.call("POST", `/settings/browsers/invite`, { ...options, body: given });
  }

  /** Sign a browser out, whatever cookie it still has (additive). */
  signBrowserOut(given: BrowserName, options: Options = {}): Promise<Success> {
    return this.call("POST", `/settings/browsers/sign-out`, { ...options, body: given });
  }

  /** Check what `reprise doctor --offline` does, from within; for the owner (additive). */
  examineMachine(options: Options = {}): Promise<MachineFindings> {
    return this.call("GET", `/system/findings`, { ...options });
  }

  /** Say what takes room on the disk, and how much is free; for the owner (additive). */
  getRoom(options: Options = {}): Promise<Room> {
    return this.call("GET", `/system/room`, { ...options });
  }

  /** List the copies of the database that are kept, the newest first; for the owner (additive). */
  listCopies(options: Options = {}): Promise<KeptCopies> {
    return this.call("GET", `/system/copies`, { ...options });
  }

  /** Keep one more copy of the database now, checked; for the owner (additive). */
  makeCopy(options: Options = {}): Promise<KeptCopies> {
    return this.call("POST", `/system/copies`, { ...options });
  }

  /** Say whether a sandbox is open beside this daemon; for the owner (additive). */
  getSandbox(options: Options = {}): Promise<TriedSandbox> {
    return this.call("GET", `/system/sandbox`, { ...options });
  }

  /** Begin to open a sandbox: a simulated Instagram and a Reprise with data of its own (additive). */
  beginSandbox(options: Options = {}): Promise<TriedSandbox> {
    return this.call("POST", `/system/sandbox`, { ...options });
  }

  /** End the sandbox with all that is in it; for the owner (additive). */
  endSandbox(options: Options = {}): Promise<TriedSandbox> {
    return this.call("DELETE", `/system/sandbox`, { ...options });
  }

  /** Return a link to the sandbox's page that works once, on this machine; for the owner (additive). */
  enterSandbox(options: Options = {}): Promise<SandboxLink> {
    return this.call("POST", `/system/sandbox/enter`, { ...options });
  }

  /** Return what changed after the event `since`, oldest first. */
  listEvents(given: ListEventsQuery = {}, options: Options = {}): Promise<EventPage> {
    return this.call("GET", `/events`, { ...options, query: given });
  }

  /** Add an address that is told of what happens from now on; `secret` is shown this once. */
  createWebhook(given: WebhookRequest, options: Options = {}): Promise<NewWebhook> {
    return this.call("POST", `/webhooks`, { ...options, body: given });
  }

  /** List webhooks, oldest first; those that were given up say why. */
  listWebhooks(options: Options = {}): Promise<WebhookList> {
    return this.call("GET", `/webhooks`, { ...options });
  }

  /** Remove a webhook, with its log and what it was still to be told. */
  deleteWebhook(id: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/webhooks/${part(id)}`, { ...options });
  }

  /** Tell a webhook again that was given up; what waits for it is tried at once. */
  enableWebhook(id: string, options: Options = {}): Promise<Webhook> {
    return this.call("POST", `/webhooks/${part(id)}/enable`, { ...options });
  }

  /** Tell a webhook of a test (`webhook.test`); the log shows what came of it. */
  sendWebhookTest(id: string, options: Options = {}): Promise<Success> {
    return this.call("POST", `/webhooks/${part(id)}/test`, { ...options });
  }

  /** Make a new secret, shown this once; for 24 hours the old one signs as well. */
  rotateWebhookSecret(id: string, options: Options = {}): Promise<NewWebhook> {
    return this.call("POST", `/webhooks/${part(id)}/rotate`, { ...options });
  }

  /** Send every message again that was given up since a time. */
  recoverWebhook(id: string, given: RecoverRequest, options: Options = {}): Promise<Recovered> {
    return this.call("POST", `/webhooks/${part(id)}/recover`, { ...options, body: given });
  }

  /** Return what a webhook was told or is to be told, newest first; it is kept for 30 days. */
  listWebhookDeliveries(id: string, given: ListWebhookDeliveriesQuery = {}, options: Options = {}): Promise<WebhookDeliveryList> {
    return this.call("GET", `/webhooks/${part(id)}/deliveries`, { ...options, query: given });
  }

  /** Send a message again, under the same id. */
  redeliverWebhook(id: string, options: Options = {}): Promise<WebhookDelivery> {
    return this.call("POST", `/webhooks/deliveries/${part(id)}/redeliver`, { ...options });
  }

  /** Return when only what cannot wait is told. */
  getQuietHours(options: Options = {}): Promise<QuietHours> {
    return this.call("GET", `/notify/quiet`, { ...options });
  }

  /** Let what can wait be told after the quiet hours. */
  setQuietHours(given: QuietHoursRequest, options: Options = {}): Promise<QuietHours> {
    return this.call("PUT", `/notify/quiet`, { ...options, body: given });
  }

  /** Let everything be told at once. */
  endQuietHours(options: Options = {}): Promise<QuietHours> {
    return this.call("DELETE", `/notify/quiet`, { ...options });
  }

  /** Add an address where somebody is told what needs them: a login, a failed post, a full disk. */
  createRecipient(given: NotifyRequest, options: Options = {}): Promise<Recipient> {
    return this.call("POST", `/notify`, { ...options, body: given });
  }

  /** List where somebody is told, oldest first; those that were given up say why. */
  listRecipients(options: Options = {}): Promise<RecipientList> {
    return this.call("GET", `/notify`, { ...options });
  }

  /** Remove an address, with its log and what it was still to be told. */
  deleteRecipient(id: string, options: Options = {}): Promise<Success> {
    return this.call("DELETE", `/notify/${part(id)}`, { ...options });
  }

  /** Tell an address again that was given up. */
  enableRecipient(id: string, options: Options = {}): Promise<Recipient> {
    return this.call("POST", `/notify/${part(id)}/enable`, { ...options });
  }

  /** Send a test notice, also in quiet hours; the log shows what came of it. */
  sendTestNotice(id: string, options: Options = {}): Promise<Success> {
    return this.call("POST", `/notify/${part(id)}/test`, { ...options });
  }

  /** Return what an address was told or is to be told, newest first; it is kept for 30 days. */
  listNoticesTold(id: string, given: ListNoticesToldQuery = {}, options: Options = {}): Promise<WebhookDeliveryList> {
    return this.call("GET", `/notify/${part(id)}/log`, { ...options, query: given });
  }

}
