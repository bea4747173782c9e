import { CfnBudget } from 'aws-cdk-lib/aws-budgets'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'

export interface MonthlyBudgetProps {
  /** What a month may cost, in US dollars. */
  readonly usd: number
  /** Told when 80 % are spent, and when the month is forecast to cost more than all of it. */
  readonly topic: ITopic
  /**
   * Counts only what has this tag, which must be active as a cost allocation tag: else the budget stays at 0.
   * @default the whole account
   */
  readonly costTag?: { readonly name: string; readonly value: string }
}

/** Says so before the bill does. */
export class MonthlyBudget extends Construct {
  constructor(scope: Construct, id: string, { usd, topic, costTag }: MonthlyBudgetProps) {
    super(scope, id)
    const told = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
      notification: { notificationType, threshold, comparisonOperator: 'GREATER_THAN' },
      subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
    })
    const budget = new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: usd, unit: 'USD' },
        ...(costTag && { costFilters: { TagKeyValue: [`user:${costTag.name}$${costTag.value}`] } }),
      },
      notificationsWithSubscribers: [told('ACTUAL', 80), told('FORECASTED', 100)],
    })
    // A budget is refused while its topic does not take its messages.
    budget.node.addDependency(topic)
  }
}
