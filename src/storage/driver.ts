/** The name under which the driver is registered: what a `storage` block selects, and the key of its settings. */
export const DRIVER_NAME = 'redis'
