/** Names for runs and models that were given none: an adjective, an animal and a number, as MLflow's own look. */
import { randomInt } from 'node:crypto'

const ADJECTIVES =
  'able agile amber bold brave bright brisk calm candid careful cheery clever cosmic crisp curious daring deft eager earnest fair fancy fine fleet fond gentle glad golden grand happy hardy honest humble jolly keen kind lively loyal lucky mellow merry mighty modest neat nimble noble patient placid polite proud quick quiet rapid ready serene sharp silent silver smart smooth spry stately steady sunny swift tidy upbeat valiant vivid warm wise witty zesty'.split(
    ' ',
  )

const ANIMALS =
  'ant auk bass bat bear bee bison boar bug calf carp cat chimp clam cod colt cow crab crane crow deer dog dove duck eel elk fawn finch fish fox frog gnat goat goose grouse gull hare hawk hen hog horse hound ibis jay kite koi lamb lark lynx mare mole moose moth mouse mule newt otter owl ox panda perch pig pug quail ram rat ray robin rook seal shad shark sheep shrew shrimp skink slug snail snake sow squid stag stoat swan tern toad trout vole wasp whale wolf worm wren yak zebra'.split(
    ' ',
  )

export function generateName(): string {
  return `${pick(ADJECTIVES)}-${pick(ANIMALS)}-${randomInt(1000)}`
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'run'
}
