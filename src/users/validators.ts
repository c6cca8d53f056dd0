import { v } from "convex/values";

/** The shapes people have on the wire. */
export const gender = v.union(
  v.literal("male"),
  v.literal("female"),
  v.literal("non-binary"),
  v.literal("prefer-not-to-say"),
);

export const userRow = v.object({
  _creationTime: v.number(),
  _id: v.id("users"),
  avatarUrl: v.optional(v.string()),
  createdAt: v.number(),
  displayName: v.optional(v.string()),
  email: v.string(),
  isActive: v.boolean(),
  lastSeenAt: v.optional(v.number()),
  onboardingComplete: v.optional(v.boolean()),
  onboardingCompletedAt: v.optional(v.number()),
  onboardingStartedAt: v.optional(v.number()),
  orgId: v.optional(v.string()),
  orgRole: v.optional(v.string()),
  updatedAt: v.number(),
  workosUserId: v.string(),
});

export const userCard = v.object({
  _id: v.id("users"),
  avatarUrl: v.optional(v.string()),
  displayName: v.optional(v.string()),
  isActive: v.boolean(),
  orgId: v.optional(v.string()),
  orgRole: v.optional(v.string()),
});

export const listedUser = v.object({
  _id: v.id("users"),
  avatarUrl: v.optional(v.string()),
  displayName: v.optional(v.string()),
  isActive: v.boolean(),
});

const publicProfileFields = {
  _id: v.id("profiles"),
  bio: v.optional(v.string()),
  company: v.optional(v.string()),
  displayName: v.string(),
  experience: v.optional(v.string()),
  field: v.optional(v.string()),
  goals: v.optional(v.string()),
  jobTitle: v.optional(v.string()),
  languages: v.array(v.string()),
  userId: v.id("users"),
};

export const publicProfile = v.object(publicProfileFields);

export const ownProfile = v.object({
  ...publicProfileFields,
  age: v.optional(v.number()),
  createdAt: v.number(),
  gender: v.optional(gender),
  linkedinUrl: v.optional(v.string()),
  updatedAt: v.number(),
});

/** What `createProfile` and `updateProfile` take beside the name. */
export const profileDetails = {
  age: v.optional(v.number()),
  bio: v.optional(v.string()),
  company: v.optional(v.string()),
  experience: v.optional(v.string()),
  field: v.optional(v.string()),
  gender: v.optional(gender),
  goals: v.optional(v.string()),
  jobTitle: v.optional(v.string()),
  languages: v.optional(v.array(v.string())),
  linkedinUrl: v.optional(v.string()),
};

const settingsFields = {
  activityTracking: v.boolean(),
  dataSharing: v.boolean(),
  emailNotifications: v.boolean(),
  profileVisibility: v.boolean(),
  pushNotifications: v.boolean(),
  smsNotifications: v.boolean(),
};

export const settings = v.object({
  ...settingsFields,
  _id: v.id("userSettings"),
  createdAt: v.number(),
  updatedAt: v.number(),
  userId: v.id("users"),
});

export const settingsChange = {
  activityTracking: v.optional(v.boolean()),
  dataSharing: v.optional(v.boolean()),
  emailNotifications: v.optional(v.boolean()),
  profileVisibility: v.optional(v.boolean()),
  pushNotifications: v.optional(v.boolean()),
  smsNotifications: v.optional(v.boolean()),
};

export const interestCategory = v.union(
  v.literal("academic"),
  v.literal("industry"),
  v.literal("skill"),
  v.literal("personal"),
);

export const listedInterest = v.object({
  category: v.string(),
  iconName: v.optional(v.string()),
  key: v.string(),
  label: v.string(),
  usageCount: v.optional(v.number()),
});
