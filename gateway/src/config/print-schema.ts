import { z } from 'zod'
import { gatewayConfigSchema } from './gateway-config.js'

// The text of `gateway/schema/indelible-gateway.schema.json`; run by `npm run generate`.
process.stdout.write(
  `${JSON.stringify(z.toJSONSchema(gatewayConfigSchema, { io: 'input' }), undefined, 2)}\n`,
)
