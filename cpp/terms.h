// The words of a network, shared by the contract and the kernels. No std headers: the kernels are
// compiled once per instruction set, and inline library code must not be compiled with them.
#pragma once

namespace cutaway {

enum class Activation { identity, sigmoid, relu, tanh, softmax };

enum class Loss { squared_error, binary_cross_entropy, cross_entropy };

}  // namespace cutaway
