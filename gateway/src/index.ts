/**
 * The gateway as a library: `Gateway.open(await readConfigFile(…))` is what the command does.
 */
export { logAlarms } from './alarm.js'
export { parseConfig, readConfigFile } from './config/config-file.js'
export { Gateway } from './gateway.js'

export type { LoadedConfig } from './config/config-file.js'
export type { Environment } from './config/environment.js'
export type { GatewayConfig } from './config/gateway-config.js'
export type { GatewayOptions } from './gateway.js'
