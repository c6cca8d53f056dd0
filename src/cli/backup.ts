import { Command } from "commander";
import { loadConfig } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import { silentLog } from "../core/log.ts";
import { backUp } from "../db/backup/backup.ts";
import { openTarget } from "../db/embedded/target.ts";
import { requireDatabase, rowCount, runCommand } from "./databaseCommand.ts";

const command = new Command("backup")
  .description("Writes the database into one file; the server may keep running.")
  .argument("<file>", "the backup to make; replaced if it exists")
  .action(async (file: string) => {
    const config = loadConfig(process.env);
    await requireDatabase(config);
    const database = await openTarget(config, silentLog, systemClock);
    try {
      const { direct: connection } = database;
      const tables = await backUp({ connection, file, clock: systemClock });
      process.stdout.write(`${file}: ${rowCount(tables)}.\n`);
      process.stdout.write(
        `Recordings are files and not in it: copy ${config.dataDir} as well, except its folder "postgres"; what is in a bucket stays there.\n`,
      );
    } finally {
      await database.stop();
    }
  });

void runCommand(command);
