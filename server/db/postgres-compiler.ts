import { type BinaryOperationNode, OperatorNode, PostgresQueryCompiler, PrimitiveValueListNode } from 'kysely'
import { arrayOf } from './arrays.ts'

const ANY = new Map([
  ['in', '= any('],
  ['not in', '<> all('],
])

/** Makes a list of values one array: a thousand variables take longer to parse than their rows to find. */
export class ArrayCompiler extends PostgresQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const { leftOperand, operator, rightOperand: list } = node
    const any = OperatorNode.is(operator) ? ANY.get(operator.operator) : undefined
    // One value stays: that is an equation, which PostgreSQL makes more of.
    if (!any || !PrimitiveValueListNode.is(list) || list.values.length < 2) {
      super.visitBinaryOperation(node)
      return
    }
    this.visitNode(leftOperand)
    this.append(` ${any}`)
    this.appendValue(arrayOf(list.values))
    this.append(')')
  }
}
