/** What `indelible --help` prints; `docs/cli.md` says the rest. */
export const USAGE = `Usage: indelible doctor  TARGET [--admin-username NAME [--admin-password-file FILE]] [--json]
       indelible init    TARGET [--accept [--yes]] [--admin-username NAME …] [--json]
       indelible labels  TARGET [--json] [--] SESSION

doctor   examines a server as a store will meet it; changes nothing there
init     creates the generation of a keyspace that has none; --accept replaces one, after a loss
labels   prints the labels of a session; changes nothing

TARGET is one of
  --endpoint URL [--username NAME] [--password-file FILE]
                  a server, everything else at its default
  --config FILE   a store block in JSON, or JSON with one under "store"; - is standard input

      --json                      the result as JSON
      --admin-username NAME       doctor: asks ACL DRYRUN as this user; init: writes as this user
      --admin-password-file FILE  the password of that user
      --accept                    what the keyspace held is lost, and accepted as such
  -y, --yes                       do not ask
  -h, --help                      this text
  -v, --version                   the version

Passwords come from files, from the configuration, or from INDELIBLE_PASSWORD and INDELIBLE_ADMIN_PASSWORD.
Exit status: 0 if nothing failed, 1 if something did, 2 for wrong usage.
`

/** A command line that cannot be meant; the message says why and never repeats a value. */
export class UsageError extends Error {}
