/** An organisation's own defaults, whatever a construct says. `"blueprint": "./blueprint.ts"` in trackyard.json */
import type { IPropertyInjector } from 'aws-cdk-lib'
import { LogGroup, type LogGroupProps, RetentionDays } from 'aws-cdk-lib/aws-logs'

class LogsForAYear implements IPropertyInjector {
  readonly constructUniqueId = LogGroup.PROPERTY_INJECTION_ID

  inject(props: LogGroupProps): LogGroupProps {
    return { ...props, retention: RetentionDays.ONE_YEAR }
  }
}

export const propertyInjectors: IPropertyInjector[] = [new LogsForAYear()]
