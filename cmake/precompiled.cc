// Nothing: CMake wants a source in the target that makes a precompiled header.
