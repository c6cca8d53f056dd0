import { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { silentLog } from "../core/log.ts";
import { restore } from "../db/backup/restore.ts";
import { openTarget } from "../db/embedded/target.ts";
import { migrationsFolder } from "../db/migrationsFolder.ts";
import { rowCount, runCommand } from "./databaseCommand.ts";

const command = new Command("restore")
  .description("Loads a backup into an empty database, all or nothing. Stop the server first.")
  .argument("<file>", "a file made by backup")
  .option("--force", "replace what the database holds", false)
  .action(async (file: string, options: { force: boolean }) => {
    const config = loadConfig(process.env);
    const database = await openTarget(config, silentLog, systemClock);
    try {
      const { direct: connection } = database;
      const tables = await restore({
        connection,
        file,
        migrations: migrationsFolder(),
        force: options.force,
      });
      process.stdout.write(`Restored ${rowCount(tables)}.\n`);
      process.stdout.write(
        `Recordings are files and not in a backup: put the copied ones back into ${config.dataDir}.\n`,
      );
    } finally {
      await database.stop();
    }
  });

void runCommand(command);
