import { newId } from "../core/ids.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";

/** What a user has chosen; until they have, the columns' defaults hold. */
export interface Settings {
  emailNotifications: boolean;
  pushNotifications: boolean;
  smsNotifications: boolean;
  /** Off: the profile is shown to its owner and their organisation's administrators only. */
  profileVisibility: boolean;
  dataSharing: boolean;
  activityTracking: boolean;
}

export type SettingsChange = { [K in keyof Settings]?: boolean | undefined };

interface Row extends Settings {
  _id: string;
  userId: string;
  createdAt: number;
  updatedAt: number;
}

const findOf = statement<Row>(
  "settings.find",
  `SELECT id AS "_id", user_id AS "userId", email_notifications AS "emailNotifications",
     push_notifications AS "pushNotifications", sms_notifications AS "smsNotifications",
     profile_visibility AS "profileVisibility", data_sharing AS "dataSharing",
     activity_tracking AS "activityTracking", created_at AS "createdAt", updated_at AS "updatedAt"
   FROM user_settings WHERE user_id = $1`,
);

const insertDefaults = statement(
  "settings.insertDefaults",
  "INSERT INTO user_settings (id, user_id) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING",
);

const update = namedStatement<
  { id: string },
  { [K in keyof Settings]: boolean | null } & { userId: string }
>(
  "settings.update",
  `UPDATE user_settings SET
     email_notifications = coalesce(:emailNotifications::boolean, email_notifications),
     push_notifications = coalesce(:pushNotifications::boolean, push_notifications),
     sms_notifications = coalesce(:smsNotifications::boolean, sms_notifications),
     profile_visibility = coalesce(:profileVisibility::boolean, profile_visibility),
     data_sharing = coalesce(:dataSharing::boolean, data_sharing),
     activity_tracking = coalesce(:activityTracking::boolean, activity_tracking),
     updated_at = app_now()
   WHERE user_id = :userId RETURNING id`,
);

/** A user's settings; null until they have stored some. */
export async function settingsView(tx: ReadTx, userId: string): Promise<Row | null> {
  tx.reads(`user:${userId}`);
  return (await tx.first(findOf, [userId])) ?? null;
}

/** Stores what is given of a user's settings; what is absent stays as it is, at first the default. Returns their id. */
export async function saveSettings(
  tx: Tx,
  userId: string,
  change: SettingsChange,
): Promise<string> {
  await tx.run(insertDefaults, [newId("userSettings"), userId]);
  const values = update.bind({
    userId,
    emailNotifications: change.emailNotifications ?? null,
    pushNotifications: change.pushNotifications ?? null,
    smsNotifications: change.smsNotifications ?? null,
    profileVisibility: change.profileVisibility ?? null,
    dataSharing: change.dataSharing ?? null,
    activityTracking: change.activityTracking ?? null,
  });
  const row = await tx.first(update, values);
  if (!row) throw new Error("an update returned no row");
  tx.writes(`user:${userId}`);
  return row.id;
}
